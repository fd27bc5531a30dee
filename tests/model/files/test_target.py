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


def test_what_a_killed_process_left_of_the_same_result_goes(tmp_path: Path) -> None:
    target = tmp_path / "[a].png"
    left = {
        name: tmp_path / name
        for name in (
            ".[a].png.0123abcd.handtint-part",
            ".[a].png.0123abce.handtint-part",
            ".a.png.0123abcd.handtint-part",
            ".[a].png.notes.handtint-part",
        )
    }
    for number, path in enumerate(left.values()):
        path.write_bytes(b"half")
        age = 3600 if number == 1 else 25 * 3600  # the second one may still be written
        at = path.stat().st_mtime - age
        os.utime(path, (at, at))
    write_photo(target, np.zeros((8, 8, 3), np.uint8))
    assert {p.name for p in tmp_path.iterdir()} == {target.name, *list(left)[1:]}
