"""server/Dockerfile without Docker: what it copies is there, what it sets is a setting."""

from __future__ import annotations

import re
from pathlib import Path

from handtint_server.settings import table

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "server" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IGNORED = (ROOT / "server" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()


def copied() -> list[str]:
    lines = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    return [name for line in lines for name in line.split()]


def test_what_it_copies_is_there_and_sent() -> None:
    assert {"model", "server", "plugins", "LICENSE-weights.md"} <= set(copied())
    assert all((ROOT / name).exists() for name in copied())
    assert set(copied()) == {line[1:] for line in IGNORED if line.startswith("!")}


def test_what_it_sets_are_settings() -> None:
    names = set(re.findall(r"\b(HANDTINT_\w+)=", DOCKERFILE))
    assert {"HANDTINT_TOKEN_FILE", "HANDTINT_ALLOW_REMOTE"} <= names
    assert names <= {row.variable for row in table()}
