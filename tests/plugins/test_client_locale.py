"""Numbers on the wire and in settings where the locale writes a comma for the point."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CODE = """
import json, locale, sys
sys.path.insert(0, sys.argv[1])
locale.setlocale(locale.LC_ALL, "")
from client import messages, places, protocol
folder = sys.argv[2]
places.write_setting(folder, places.ServerSetting("http://127.0.0.1:1", "t", "", 2.5))
plane = messages.Plane(2, 1, "u8", "Y", b"ab")
request = protocol.colorize(
    plane, vividness=0.25, strength=0.75, request_id="x", boundary="b"
)
print(json.dumps({
    "point": locale.localeconv()["decimal_point"],
    "number": locale.format_string("%.1f", 2.5),
    "request": b"".join(bytes(piece) for piece in request.pieces()).decode("latin-1"),
    "timeout": places.read_setting(folder).timeout,
    "file": open(folder + "/client.json").read(),
}))
"""


def said(folder: Path, **environ: str) -> dict[str, object]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(ROOT / "plugins"), str(folder)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("localedef") is None, reason="no localedef here")
def test_a_comma_in_the_locale_changes_nothing(tmp_path: Path) -> None:
    made = tmp_path / "locales" / "de_DE.UTF-8"
    made.parent.mkdir()
    words = ["localedef", "-i", "de_DE", "-f", "UTF-8", "--no-archive", str(made)]
    if subprocess.run(words, capture_output=True).returncode > 1 or not made.is_dir():
        pytest.skip("the sources of locales are not installed here")
    comma = said(tmp_path / "comma", LC_ALL="de_DE.UTF-8", LOCPATH=str(made.parent), LANGUAGE="de")
    assert (comma.pop("point"), comma.pop("number")) == (",", "2,5")
    point = said(tmp_path / "point", LC_ALL="C.UTF-8")
    assert (point.pop("point"), point.pop("number")) == (".", "2.5")
    assert comma == point
    assert "0.25" in str(comma["request"])
    assert comma["timeout"] == 2.5
