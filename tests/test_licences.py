"""MODEL_CARD.md, NOTICE and LICENSE-weights.md say the same, and what the photo sets say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import training_sources  # noqa: E402

CARD = (ROOT / "MODEL_CARD.md").read_text("utf-8")


def rows() -> list[list[str]]:
    """Repository, what, licence, photos, photos of the first collection of each source."""
    table = CARD.split(training_sources.BEGIN)[1].split(training_sources.END)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_source_has_a_repository_and_a_license() -> None:
    *sources, total = rows()
    assert len(sources) > 30
    for repository, what, license, photos, first in sources:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", repository)
        assert what
        assert license
        assert int(photos) >= int(first or 0)
    assert int(total[3]) == sum(int(row[3]) for row in sources)
    assert int(total[4]) == sum(int(row[4] or 0) for row in sources)


def test_the_notice_agrees() -> None:
    *sources, total = rows()
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert f"the {int(total[3]):,} training photos come from {len(sources)} public" in notice
    assert "LICENSE-weights.md" in notice
    assert "MODEL_CARD.md has a table" in notice


@pytest.mark.data
def test_the_table_is_the_photo_sets_own(data_folder: Path) -> None:
    made = training_sources.with_table(CARD, training_sources.table(data_folder / "photos"))
    assert made == CARD, "run python tests/support/training_sources.py ../shared/photos"
