"""Writes the table of training sources into MODEL_CARD.md, from the photo sets' own README.

    python tests/support/training_sources.py ../shared/photos

Facts only: repository, what it is, the licence as the repository states it, how many photos.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- sources: made by tests/support/training_sources.py -->"
END = "<!-- end of sources -->"


def sources(photos: Path) -> list[list[str]]:
    """[source, repository, what it is, licence as stated, photos] of each row of the README."""
    text = (photos / "README.md").read_text("utf-8")
    section = text.partition("## Training sources")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return [row for row in rows[2:] if len(row) == 5 and row[0]]


def first_collection(photos: Path) -> Counter[str]:
    """How many photos of each repository are of the first collection, which is WebP."""
    counts: Counter[str] = Counter()
    with gzip.open(photos / "MANIFEST.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for name, repository, *_ in csv.reader(file):
            if name.startswith("train/") and name.endswith(".webp"):
                counts[repository] += 1
    return counts


def table(photos: Path) -> str:
    """The table in Markdown, with totals."""
    first = first_collection(photos)
    lines = [
        "| repository | what it is | licence as stated there | photos | in the first collection |",
        "|---|---|---|---|---|",
    ]
    total = 0
    for _, repository, what, license, count in sources(photos):
        total += int(count)
        lines.append(f"| {repository} | {what} | {license} | {count} | {first[repository] or ''} |")
    lines.append(f"| | | total | {total} | {sum(first.values())} |")
    return "\n".join(lines)


def with_table(card: str, made: str) -> str:
    """The model card with the table between its two marks; raises ValueError without them."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"MODEL_CARD.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "MODEL_CARD.md"
    path.write_text(with_table(path.read_text("utf-8"), table(Path(sys.argv[1]))), "utf-8")
