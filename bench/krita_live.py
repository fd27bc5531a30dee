"""Live mode in the real Krita: brush up to new colours in what is visible, and brush lag.

    python bench/krita_live.py [--megapixels 1 4 12] [--strokes 12] [--zoom 0]

Needs the Debian folder of the editors' tests, root, and a machine with nothing else to do.
Prints one JSON object a size.
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


def photo(megapixels: float, path: Path) -> Path:
    """A photo of about that size, 3:2, gray in RGB."""
    from PIL import Image

    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    with Image.open(ROOT / "tests" / "data" / "photos" / "coffee-gray.png") as image:
        large = image.convert("L").resize((round(height * 1.5), height), Image.Resampling.BICUBIC)
        large.convert("RGB").save(path, compress_level=1)
    return path


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 4, 12])
    parser.add_argument("--strokes", type=int, default=12)
    parser.add_argument("--zoom", type=float, default=0.0)
    given = parser.parse_args()
    # Tests keep servers to one thread; here the server may use the machine as it would.
    server_process.quiet_environment = lambda **more: {**os.environ, **more}
    with tempfile.TemporaryDirectory(prefix="handtint-bench-") as name:
        folder = Path(name)
        with server_process.ServerProcess(folder / "runtime", folder / "data"):
            for size in given.megapixels:
                picture = photo(size, folder / f"{size:g}.png")
                out = folder / f"krita-{size:g}"
                out.mkdir()
                picture = picture.rename(out / picture.name)
                outcome = run_in_krita.run_window(
                    "window_lag",
                    out,
                    [picture],
                    {
                        "HANDTINT_RUNTIME_DIR": str(folder / "runtime"),
                        "HANDTINT_HOME": str(folder / "data"),
                        "HANDTINT_TEST_STROKES": str(given.strokes),
                        "HANDTINT_TEST_ZOOM": str(given.zoom),
                    },
                )
                print(json.dumps({"megapixels": size, "zoom": given.zoom, **outcome.values}))
                if not outcome.complete:
                    print(outcome.cases, outcome.output[-2000:], file=sys.stderr)


if __name__ == "__main__":
    main()
