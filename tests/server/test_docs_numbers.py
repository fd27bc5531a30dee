"""Numbers in the docs against the code that they are about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from handtint_model.encoded_photo import KEPT_AUTOMATIC
from handtint_model.render import render
from handtint_server.api import schemas
from handtint_server.batch.plan import BatchSettings
from handtint_server.cli.colorize import command
from handtint_server.decode.hints import MAX_DISC_PIXELS
from handtint_server.decode.raw_pixels import LAYOUTS
from handtint_server.engine.progress import KEPT_SECONDS
from handtint_server.http import multipart, server
from handtint_server.settings import Settings

ROOT = Path(__file__).parents[2]
LIMITS = Settings()


def text_of(name: str) -> str:
    return re.sub(r"\s+", " ", (ROOT / name).read_text("utf-8"))


def row(name: str, section: str, start: str) -> str:
    """The second cell of a table's row."""
    lines = (ROOT / name).read_text("utf-8").split(section, 1)[1].splitlines()
    (line,) = [line for line in lines if line.startswith(f"| {start} |")]
    return line.split("|")[2].strip()


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("pixels of a photo, of a hint crop, of a mask", f"{LIMITS.max_pixels // 10**6} million"),
        ("width, height", f"1 to {schemas.MAX_SIDE:,}"),
        ("`request` part or JSON body", f"{schemas.MAX_REQUEST_JSON >> 20} MiB"),
        ("points", f"{schemas.MAX_POINTS:,}"),
        (
            "parts of a multipart body; header of a part",
            f"{multipart.MAX_PARTS}; {multipart.MAX_PART_HEADER >> 10} KiB",
        ),
        ("header fields of a request", f"{server.MAX_HEADER >> 10} KiB"),
        ("time for a request to arrive", f"{LIMITS.receive_timeout:g} s"),
        ("time of work for one request", f"{LIMITS.work_timeout:g} s"),
        ("requests waiting or running", f"{LIMITS.places}"),
        ("connections", f"{LIMITS.connections}"),
    ],
)
def test_limits(what: str, value: str) -> None:
    assert row("docs/http-api.md", "## 12. Limits", what) == value


def test_other_limits_of_the_api() -> None:
    text = text_of("docs/http-api.md")
    assert row("docs/http-api.md", "## 12. Limits", "body").startswith(
        f"{LIMITS.max_body >> 30} GiB;"
    )
    assert f"at most {MAX_DISC_PIXELS // 10**6} million pixels" in text
    assert f"up to {schemas.MAX_POINTS:,} of" in text
    assert KEPT_SECONDS == 60
    assert "and for a minute after" in text


def test_largest_photos() -> None:
    (option,) = [p for p in command.params if p.name == "max_pixels"]
    assert option.default == BatchSettings().max_pixels
    assert row("docs/files.md", "## Read", "Size").startswith(
        f"up to {BatchSettings().max_pixels // 10**6} megapixels on the command line "
        f"(`--max-pixels`), {LIMITS.max_megapixels:g} on the server (`--max-megapixels`)"
    )


def test_automatic_colors_that_are_kept() -> None:
    number = {4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}[KEPT_AUTOMATIC]
    assert f"the last {number} automatic colours" in text_of("docs/architecture.md")


def test_strips() -> None:
    assert f"at most {render._STRIP_PIXELS:,} pixels at a time" in text_of("docs/rendering.md")


def test_python_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = project["project"]["requires-python"].removeprefix(">=")
    major, minor = needed.split(".")
    named = [
        line.rsplit(" ", 1)[1]
        for line in project["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", line)
    ]
    assert named[0] == needed
    newest = named[-1]
    for name in ("README.md", "CONTRIBUTING.md", "Makefile", "CHANGELOG.md", "docs/install.md"):
        found = set(re.findall(r"Python (3\.\d+) to (3\.\d+)", text_of(name)))
        assert found == {(needed, newest)}, name
        assert "or newer" not in re.findall(r"Python 3\.\d+ (or newer|to)", text_of(name)), name
    new_minor = newest.split(".")[1]
    wanted = f"({major}, {minor}) <= sys.version_info[:2] <= ({major}, {new_minor})"
    assert wanted in text_of("Makefile")
    assert f"OLDEST, NEWEST = ({major}, {minor}), ({major}, {new_minor})" in text_of("install.py")
    assert project["tool"]["mypy"]["python_version"] == needed
    assert project["tool"]["ruff"]["target-version"] == f"py{major}{minor}"


def test_layouts_of_the_plugins_client() -> None:
    doc = text_of("plugins/client/messages.py").split("class Plane:")[1].split('"""')[1]
    assert set(re.findall(r'"([A-Z]+)"', doc)) == set(LAYOUTS)
