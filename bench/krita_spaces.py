"""Colorize Layer in the real Krita in documents of all colour spaces: time, and the longest stop.

    python bench/krita_spaces.py [--megapixels 0.4]

Needs the Debian folder of the editors' tests and root.  Prints one JSON object: for each space
the seconds that Colorize took, first for a new photo and then seven times for one that the server
knows, how many times as long as in RGB of the same depth the latter takes (the bar: 3), and the
longest time in milliseconds in which Krita's event loop did not run, so that its window stood still
(the bar: 100): by the clock, and the longest by CPU time of all of Krita's threads, which leaves
other work on the machine out.  The spaces take turns, so that such work meets all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import run_in_krita  # noqa: E402
import server_process  # noqa: E402


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=0.4)
    given = parser.parse_args()
    server_process.quiet_environment = lambda **more: {**os.environ, **more}
    with tempfile.TemporaryDirectory(prefix="handtint-bench-") as name:
        folder = Path(name)
        with server_process.ServerProcess(folder / "runtime", folder / "data"):
            outcome = run_in_krita.run_headless(
                "time_spaces",
                folder / "krita",
                {
                    "HANDTINT_RUNTIME_DIR": str(folder / "runtime"),
                    "HANDTINT_HOME": str(folder / "data"),
                    "HANDTINT_TEST_MEGAPIXELS": str(given.megapixels),
                },
            )
    print(json.dumps(outcome.values.get("spaces"), indent=1))
    if not outcome.complete or set(outcome.cases.values()) != {"ok"}:
        print(outcome.cases, outcome.output[-2000:], file=sys.stderr)


if __name__ == "__main__":
    main()
