"""GIMP's window in another language that was chosen in its preferences; one of two not Latin.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import translations
from run_in_gimp import ROOT, Gimp
from server_process import ServerProcess

from .conftest import need_gimp
from .test_gimp_window import names, session

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(2400)]

PHOTO = ROOT / "tests" / "data" / "photos" / "coffee-gray.png"


@pytest.mark.parametrize("language", ["de", "ru"])
def test_the_plug_in_speaks(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_gimp()
    if kept := os.environ.get("HANDTINT_SHOTS"):
        monkeypatch.setenv("HANDTINT_SHOTS", str(Path(kept) / f"gimp-{language}"))
    catalog = translations.read_catalog("plug-ins", language)
    own = {str(m.id): str(m.string) for m in catalog if m.id}
    work = tmp_path / "gimp"  # what GIMP sees of this machine
    runtime, home = work / "runtime", work / "data"
    gimp = Gimp(work, HANDTINT_RUNTIME_DIR=str(runtime), HANDTINT_HOME=str(home))
    more = {"language": language, "title": own["Colorize Layer"]}
    with ServerProcess(runtime, home):
        found: dict[str, Any] = session(gimp, "language", PHOTO, more)
    assert found["1-labels"] == {
        "colorize": own["Colori_ze Layer"],
        "colorize-options": own["Colorize with _Options..."],
        "new-hints-layer": own["New Color _Hints Layer"],
        "suggest-colors": own["_Suggest Hint Colors"],
        "export": own["_Export Colored Picture..."],
        "panel": own["_Panel"],
    }
    assert found["3-message"] == [], "a window takes the keyboard away from painting"
    assert names(found["3-layers"]) == [
        own["Color Hints"],
        own["%s (colorized)"] % PHOTO.name,
        PHOTO.name,
    ]
    # The dialog was found by its title in the session, and nothing came of it.
    assert names(found["5-closed"]) == names(found["3-layers"])
