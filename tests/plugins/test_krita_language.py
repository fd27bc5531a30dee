"""Krita's window in other languages, one of them not Latin; right to left too.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import run_in_krita
import translations
from server_process import ServerProcess, be_patient

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

PHOTO = run_in_krita.ROOT / "tests" / "data" / "photos" / "astronaut-gray.jpg"


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_docker_speaks(language: str, tmp_path: Path) -> None:
    run_in_krita.need()
    runtime, home = tmp_path / "runtime", tmp_path / "data"
    be_patient(home)
    with ServerProcess(runtime, home):
        outcome = run_in_krita.run_window(
            "window_language",
            tmp_path / "krita",
            [PHOTO],
            {
                "HANDTINT_RUNTIME_DIR": str(runtime),
                "HANDTINT_HOME": str(home),
                "LANGUAGE": language,
            },
            limit=1200,
        )
    if kept := os.environ.get("HANDTINT_SHOTS"):
        shots = Path(kept) / f"krita-{language}"
        shots.mkdir(parents=True, exist_ok=True)
        for picture in (tmp_path / "krita").glob("*.png"):
            shutil.copy(picture, shots)
    assert "steps" not in outcome.cases, outcome.cases["steps"]
    outcome.check("language")
    catalog = translations.read_catalog("plug-ins", language)
    own = {str(m.id).replace("&", ""): str(m.string).replace("&", "") for m in catalog if m.id}
    for english in ("Colorize Layer", "Use hints", "Vividness", "Help"):
        assert english not in outcome.values["docker"]
    for text in ("Colorize Layer", "New Hints Layer", "Use hints", "Show hints"):
        assert own.get(text) in outcome.values["docker"] or any(
            shown.startswith(own[text].split("(")[0]) for shown in outcome.values["docker"]
        ), (text, outcome.values["docker"])
    assert outcome.values["state"] == own["Ready on CPU"]
    assert outcome.values["entry"] == own["Colorize Layer (Handtint)"]
    assert outcome.values["cut off"] == []
    assert outcome.values["cut off, right to left"] == []
