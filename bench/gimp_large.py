"""Time and memory of Colorize Layer in the real GIMP, split into its parts.

Run from the repository root, as root, with the folder of tests/support/debian_folder.sh:

    python bench/gimp_large.py [MEGAPIXELS]

Prints the table of docs/gimp.md.  Two calls: the first sends the photo, the second, with a
stroke on a hint layer, its id.  Seconds depend on the machine and on what else it does; look at
the shares.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from run_in_gimp import Gimp, missing  # noqa: E402
from server_process import ServerProcess  # noqa: E402

STAGES = ("decode", "wait", "load", "reduce", "network", "render", "write")
"""What the server says it does."""

STEPS = ("decode", "wait", "load", "encode", "render", "write")
"""What its answer says took how long."""


def main() -> int:
    """Run and print."""
    if problem := missing():
        print(problem, file=sys.stderr)
        return 1
    megapixels = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        folders = {
            "HANDTINT_RUNTIME_DIR": str(work / "runtime"),
            "HANDTINT_HOME": str(work / "data"),
        }
        gimp = Gimp(work, HANDTINT_TRACE="1", **folders)
        with ServerProcess(work / "runtime", work / "data") as server:
            outcome = gimp.run("large", limit=900, MEGAPIXELS=megapixels)
            status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = outcome["large"]
    traces = [json.loads(t) for t in re.findall(r"handtint-trace (\{.*\})", outcome.output)]
    print(f"{found['width']} x {found['height']}, 8 bits gray, seconds")
    print("| | first call | again, with a hint |")
    print("|---|---|---|")
    columns = [parts(trace) for trace in traces]
    totals = [found["first"], found["again_with_a_hint"]]
    for row in columns[0]:
        print(f"| {row} | " + " | ".join(f"{column[row]:.2f}" for column in columns) + " |")
    rest = [total - sum(column.values()) for total, column in zip(totals, columns)]
    print("| GIMP: start of the plug-in | " + " | ".join(f"{r:.2f}" for r in rest) + " |")
    print("| **all** | " + " | ".join(f"**{total:.2f}**" for total in totals) + " |")
    peaks = [f"{trace['peak_kib'] / 1024:.0f} MiB" for trace in traces]
    print("| peak memory of the plug-in | " + " | ".join(peaks) + " |")
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
    print(f"| peak memory of the server | {peak:.0f} MiB | |")
    return 0


def parts(trace: dict[str, dict[str, float]]) -> dict[str, float]:
    """Seconds by part: what the plug-in waited for, less what the server says it did itself."""
    seconds, server = trace["seconds"], trace["server_ms"]
    waited = sum(s for stage, s in seconds.items() if stage in STAGES)
    worked = sum(server.get(step, 0.0) for step in STEPS) / 1000
    return {
        "GIMP: reading the layers": seconds.get("read", 0.0),
        "transport: sending": seconds.get("send", 0.0),
        "server: network": server.get("encode", 0.0) / 1000,
        "server: rendering": server.get("render", 0.0) / 1000,
        "server: reading and writing": (server.get("decode", 0.0) + server.get("write", 0.0))
        / 1000,
        "transport: waiting": max(0.0, waited - worked),
        "transport: receiving": seconds.get("receive", 0.0),
        "GIMP: inserting the layer": seconds.get("insert", 0.0),
    }


if __name__ == "__main__":
    sys.exit(main())
