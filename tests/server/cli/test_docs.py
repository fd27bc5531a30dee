"""docs/cli.md against what `--help` prints: every command, option and default, in both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handtint_server.cli import COMMANDS

DOCS = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
HELP_ITSELF = {"-h", "--help"}


def printed_help(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "handtint_server", *command, "--help"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def options_of_help(text: str) -> dict[frozenset[str], str]:
    """Names of each option -> its default, or ""."""
    found: dict[frozenset[str], str] = {}
    entries = re.split(r"\n  (?=-)", text[text.index("\nOptions:\n") :])[1:]
    for entry in entries:
        entry = " ".join(entry.split("\n\n")[0].split())
        head = re.match(r"(-[\w-]+(?:(?:, | / )-[\w-]+)*)", entry)
        assert head is not None, entry
        names = frozenset(re.split(r", | / ", head[1]))
        default = re.search(r"\[default: ([^;\]]*)", entry)
        if names != HELP_ITSELF:
            found[names] = default[1] if default else ""
    return found


def options_of_docs(section: str) -> dict[frozenset[str], str]:
    found: dict[frozenset[str], str] = {}
    for line in section.splitlines():
        row = re.match(r"\| (`-[^|]*) \| ?([^|]*?) ?\| [A-Z`a-z0-9]", line)
        if row:
            names = frozenset(re.findall(r"`(-[\w-]+)`", row[1]))
            assert names not in found, names
            found[names] = row[2]
    return found


def sections() -> dict[str, str]:
    parts = re.split(r"^## handtint (\w+)\n", DOCS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_described() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]\(#handtint-\w+\) \|", DOCS, flags=re.MULTILINE)
    text = printed_help()
    printed = re.findall(r"^  (\w+) ", text[text.index("\nCommands:\n") :], flags=re.MULTILINE)
    assert listed == list(sections()) == printed == list(COMMANDS)
    for names in options_of_help(text[: text.index("\nCommands:\n")]):
        assert all(f"`handtint {name}`" in DOCS for name in names)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_and_default(command: str) -> None:
    described, text = options_of_docs(sections()[command]), printed_help(command)
    printed = options_of_help(text)
    assert set(described) == set(printed)
    assert described == printed
    usage = text.splitlines()[0].removeprefix("Usage: ").replace("[OPTIONS] ", "")
    if command not in ("train", "evaluate", "install", "uninstall"):
        assert f"\n    {usage.replace(' [OPTIONS]', '')}\n" in sections()[command]
