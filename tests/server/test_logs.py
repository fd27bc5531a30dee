"""The log file: JSON lines, rotated, bounded."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from handtint_server import logs


def test_the_file_is_rotated_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    path = tmp_path / "server.log"
    handler = logs.QuietFile(path)
    handler.setFormatter(logs.JsonLines())
    logger = logging.Logger("handtint.test")
    logger.addHandler(handler)
    for number in range(500):
        logger.info("line %d", number, extra={"ms": 1.5})
    handler.close()
    files = [path, *(path.with_name(f"server.log.{i}") for i in (1, 2, 3))]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(0 < file.stat().st_size <= 2000 for file in files)
    lines = [json.loads(line) for file in reversed(files) for line in file.read_text().splitlines()]
    numbers = [int(line["message"].split()[1]) for line in lines]
    assert numbers == list(range(500 - len(numbers), 500))  # the newest, none lost between files
    assert {line["ms"] for line in lines} == {1.5}


def test_what_is_set_is_what_the_docs_say() -> None:
    text = (Path(__file__).parents[2] / "docs" / "serve.md").read_text("utf-8")
    words = {2: "two", 3: "three", 4: "four", 5: "five"}
    assert f"({logs.MAX_BYTES >> 20} MB, {words[logs.BACKUPS]} kept)" in text
