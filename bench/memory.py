"""Memory: peak resident memory above what the loaded model holds, 16-bit photos.

Once from TIFF to TIFF by `handtint colorize`, each photo in a process of its own, and once
through `handtint serve`, raw plane in, raw answer out.  The third way is what a server holds
when nobody asks.  Needs Linux (/proc).

    python bench/memory.py [--megapixels 24 100] [--way cli http idle]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from latency import photo

from handtint_model.files import PhotoMeta, write_photo
from handtint_server.client import Client, Unreachable

LOADED = """
import handtint_model, pathlib
model = handtint_model.load_colorizer(device='cpu')
print(pathlib.Path('/proc/self/status').read_text())
"""
MEGABYTE = 1e6
WAYS = ("cli", "http", "idle")


def peak_of(command: list[str]) -> float:
    """Peak resident megabytes of a process that runs to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_maxrss * 1024 / MEGABYTE


def resident(status: str, name: str = "VmRSS") -> float:
    """Resident megabytes in a /proc/PID/status; "VmHWM": the peak since `reset`."""
    for line in status.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    raise SystemExit("this system does not tell the memory of a process")


def status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def reset(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def command_line(sizes: list[float], folder: Path) -> None:
    handtint = [sys.executable, "-m", "handtint_server"]
    small, result = folder / "small.tif", folder / "result.tif"
    write_photo(small, np.repeat(photo(0.05, 16)[..., None], 3, axis=2), PhotoMeta(depth=16))
    # The first run compiles, which takes memory of its own.
    peak_of([*handtint, "colorize", str(small), "-o", str(result), "--overwrite"])
    model = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    loaded = resident(model.stdout.decode())
    print(f"TIFF to TIFF by the command line; the loaded model takes {loaded:.0f} MB")
    for size in (0.05, *sizes):
        source = folder / "photo.tif"
        write_photo(source, np.repeat(photo(size, 16)[..., None], 3, axis=2), PhotoMeta(depth=16))
        peak = peak_of([*handtint, "colorize", str(source), "-o", str(result), "--overwrite"])
        print(f"{size:7g} MP: {peak:6.0f} MB, above the model {peak - loaded:6.0f} MB", flush=True)


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[int, Client]]:
    """(process number, client) of a server of its own, with its model loaded."""
    command = [sys.executable, "-m", "handtint_server", "serve", "--device", "cpu"]
    command += ["--runtime-dir", str(folder), "--home", str(folder / "home"), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                client = Client.local(folder)
                if client.health()["status"] == "ready":
                    break
            except Unreachable:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
            time.sleep(0.5)
        with client:
            yield process.pid, client
    finally:
        process.terminate()
        process.wait(30)


def http(sizes: list[float], folder: Path) -> None:
    with server(folder, "--cache-mb", "0") as (pid, client):
        loaded = resident(status(pid))
        print(f"raw to raw through the server; with the loaded model it takes {loaded:.0f} MB")
        for size in (0.05, *sizes):
            plane = photo(size, 16)
            reset(pid)
            answer = client.colorize(plane)
            peak = resident(status(pid), "VmHWM")
            print(
                f"{size:7g} MP: {peak:6.0f} MB, above the model {peak - loaded:6.0f} MB; "
                f"the answer has {answer.pixels.nbytes / MEGABYTE:.0f} MB",
                flush=True,
            )


def idle(sizes: list[float], folder: Path) -> None:
    with server(folder, "--idle-unload", "0.2") as (pid, client):
        print("a server that nobody asks")
        print(f"model loaded: {resident(status(pid)):.0f} MB", flush=True)
        for size in sizes:
            client.colorize(photo(size, 8))
            time.sleep(3)
            kept = client.info()["cache"]["bytes"] / MEGABYTE
            print(
                f"after {size:g} MP of 8 bits: {resident(status(pid)):.0f} MB, "
                f"of which photos {kept:.0f} MB",
                flush=True,
            )
        while client.info()["engines"][0]["state"] != "unloaded":
            time.sleep(1)
        time.sleep(3)
        print(f"model and photos unloaded: {resident(status(pid)):.0f} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[24.0, 100.0])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=["cli", "http"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if "cli" in arguments.way:
            command_line(arguments.megapixels, Path(name))
        if "http" in arguments.way:
            http(arguments.megapixels, Path(name))
        if "idle" in arguments.way:
            idle(arguments.megapixels, Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
