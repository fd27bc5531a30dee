"""Results get their final name only where an ordinary file may have it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from handtint_model import WriteFailed
from handtint_model.files import write_photo


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes of this kind")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_not_replaced(tmp_path: Path, linked: bool) -> None:
    """As /dev/null would be, if root named it as the result."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    target = pipe
    if linked:
        target = tmp_path / "link.png"
        target.symlink_to(pipe)
    with pytest.raises(WriteFailed, match="no ordinary file"):
        write_photo(target, np.zeros((8, 8, 3), np.uint8))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {pipe.name, target.name}
