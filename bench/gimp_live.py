"""The panel in the real GIMP: brush up to new colors on the screen, brush lag, idle cost.

    python bench/gimp_live.py [--megapixels 1 4 12] [--strokes 12]

Needs the Debian folder of the editors' tests, root, and a machine with nothing else to do.
Prints one JSON object a size; times in milliseconds.  The pointer is moved by `xdotool`, whose own
start (about 20 ms) is part of every time on the screen.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "bench"))

import run_in_gimp  # noqa: E402
import server_process  # noqa: E402
from krita_live import photo  # noqa: E402


def summary(seconds: list[float | None]) -> dict[str, Any]:
    """Median, 90th and 95th percentile, longest, in ms; how many were missed."""
    known = sorted(1e3 * value for value in seconds if value is not None)
    if not known:
        return {"missed": len(seconds)}
    at = [known[min(len(known) - 1, round(share * (len(known) - 1)))] for share in (0.9, 0.95)]
    return {
        "median": round(statistics.median(known)),
        "90%": round(at[0]),
        "95%": round(at[1]),
        "longest": round(known[-1]),
        "missed": len(seconds) - len(known),
    }


def measure(gimp: run_in_gimp.Gimp, megapixels: float, strokes: int) -> dict[str, Any]:
    """One session in the window."""
    picture = photo(megapixels, gimp.work / f"photo{megapixels:g}.png")
    shots = gimp.work / f"shots{megapixels:g}"
    shots.mkdir()
    given = {
        "session": "panel_lag",
        "photo": str(picture),
        "name": picture.stem,
        "work": str(gimp.work),
        "shots": str(shots),
        "result": str(gimp.work / "lag.json"),
    }
    (gimp.work / "given.json").write_text(json.dumps(given))
    done = gimp.inside(
        ["python3", str(run_in_gimp.CASES / "window.py"), str(gimp.work / "given.json")],
        1500,
        HANDTINT_TEST_STROKES=str(strokes),
        HANDTINT_TRACE="1",
    )
    path = gimp.work / "lag.json"
    if not path.exists():
        raise SystemExit(done.stdout + done.stderr)
    found = json.loads(path.read_text())
    if kept := os.environ.get("HANDTINT_SHOTS"):
        shutil.copytree(shots, Path(kept) / f"lag{megapixels:g}", dirs_exist_ok=True)
    if found["error"]:
        raise SystemExit(found["error"])
    states = found["states"]
    lag = states["lag"]
    steps: dict[str, list[float | None]] = {}
    for update in states["updates"]:
        names = ["lifted", "noticed", "asked", "answered", "shown"]
        if update.get("lifted", 0.0) <= 0.0 or not all(name in update for name in names):
            continue
        if update["noticed"] - update["lifted"] > 1.0:
            continue  # a slider
        for before, after in itertools.pairwise(names):
            steps.setdefault(f"{before} to {after}", []).append(update[after] - update[before])
    return {
        "megapixels": megapixels,
        "strokes on the screen": summary(lag["strokes"]),
        "slider on the screen": summary(lag["slider"]),
        "dabs without the panel": summary(lag["dabs_without"]),
        "dabs with the panel live": summary(lag["dabs_live"]),
        "idle, share of a core": {name: round(value, 3) for name, value in lag["idle"].items()},
        **{name: summary(values) for name, values in steps.items()},
    }


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 4, 12])
    parser.add_argument("--strokes", type=int, default=12)
    given = parser.parse_args()
    # Tests keep servers to one thread; here the server may use the machine as it would.
    server_process.quiet_environment = lambda **more: {**os.environ, **more}
    with tempfile.TemporaryDirectory(prefix="handtint-bench-") as name:
        work = Path(name) / "gimp"
        runtime, home = work / "runtime", work / "data"
        folders = {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)}
        gimp = run_in_gimp.Gimp(work, **folders)
        probe = gimp.settings / "plug-ins" / "handtint-probe"
        shutil.copytree(run_in_gimp.CASES / "handtint-probe", probe)
        with server_process.ServerProcess(runtime, home):
            for size in given.megapixels:
                print(json.dumps(measure(gimp, size, given.strokes)), flush=True)


if __name__ == "__main__":
    main()
