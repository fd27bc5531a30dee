"""`make release-check`: what a user gets from the wheel, tried where nothing else is.

Builds the sdist from the tracked files, the wheel from the sdist, installs the wheel with its
dependencies into an empty virtual environment, and there, in a network namespace without any
connection, colorizes a photo and installs the plug-ins.  Leaves both files in dist/.

    python tests/support/release_check.py

Says what it checked, line by line; the first thing that does not hold ends it with status 1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
LARGEST_WHEEL = 45_000_000
WEIGHTS = "handtint_model/weights/default.safetensors"
PHOTO = "coffee-gray.png"

# Runs inside the namespace, with the installed packages only.
COLORIZE = """
import json, socket, subprocess, sys
from pathlib import Path

try:
    socket.create_connection(("127.0.0.1", 9), 2)
except ConnectionRefusedError:
    sys.exit("there is a network: the loopback interface answers")
except OSError:
    pass
names = [name for _, name in socket.if_nameindex() if name != "lo"]
if names:
    sys.exit(f"there is a network: {', '.join(names)}")
here, photo = Path(sys.prefix), sys.argv[1]
run = [str(here / "bin" / "handtint")]
subprocess.run([*run, "colorize", photo, "-o", "colour.png", "--device", "cpu"], check=True)
for editor in ("gimp", "krita"):
    subprocess.run([*run, "install", editor, "--editor-dir", editor], check=True)

import handtint_model, handtint_server
import numpy as np
from PIL import Image

for module in (handtint_model, handtint_server):
    if not Path(module.__file__).is_relative_to(here):
        sys.exit(f"{module.__file__} is not what was installed")
before = np.asarray(Image.open(photo).convert("L"))
after = np.asarray(Image.open("colour.png"))
print(json.dumps({
    "size": after.shape[1::-1] == before.shape[::-1] and after.shape[2] == 3,
    "lightness": bool((handtint_model.luminance_of(after) == before).all()),
    "colour": float(np.ptp(after.astype(int), axis=2).mean()),
}))
"""


def fail(text: str) -> NoReturn:
    """The end, with a sentence."""
    print(f"NOT READY: {text}", flush=True)
    sys.exit(1)


def passed(text: str) -> None:
    print(f"ok  {text}", flush=True)


def run(*command: object, cwd: Path, environ: dict[str, str] | None = None) -> str:
    """Output of a program; ends the check with what it said if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environ, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-3000:]
        fail(f"{' '.join(words)[:200]} ended with status {done.returncode}:\n{said}")
    return done.stdout


def without_network() -> list[str]:
    """The words before a command that leave it without any network."""
    if shutil.which("unshare") is None:
        fail("there is no `unshare` (util-linux) to take the network away with; install it.")
    for words in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    fail(
        "a network namespace cannot be made: run as root, or allow user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1 and, on Ubuntu, "
        "kernel.apparmor_restrict_unprivileged_userns=0)."
    )


def copy_tracked(target: Path) -> None:
    """The tracked files as they are now: what is ignored or new is not part of a release."""
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def build(tree: Path, target: Path) -> tuple[Path, Path]:
    """Sdist of a tree, and the wheel that is built from the sdist alone."""
    backend = "import hatchling.build as b, sys; print(b.{}(sys.argv[1]))"
    sdist = target / run(
        sys.executable, "-c", backend.format("build_sdist"), target, cwd=tree
    ).splitlines()[-1].strip()  # fmt: skip
    unpacked = target / "unpacked"
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    wheel = target / run(
        sys.executable, "-c", backend.format("build_wheel"), target, cwd=folder
    ).splitlines()[-1].strip()  # fmt: skip
    return sdist, wheel


def check_version(wheel: Path) -> None:
    """One version everywhere."""
    source = (ROOT / "server" / "handtint_server" / "__init__.py").read_text()
    declared = re.search(r'^__version__ = "(.+)"', source, re.M)
    version = declared[1] if declared else "unknown"
    if wheel.name.split("-")[1] != version:
        fail(f"{wheel.name} is not version {version} of handtint_server.")
    if f"## {version}" in (ROOT / "CHANGELOG.md").read_text():
        passed(f"version {version}, which CHANGELOG.md describes")
    else:
        passed(f"version {version}; CHANGELOG.md has no section of that name yet")


def check_content(wheel: Path) -> None:
    """Weights and plug-ins, byte for byte, in a wheel of bearable size."""
    sys.path.insert(0, str(ROOT / "plugins"))
    import package

    wanted = {WEIGHTS: ROOT / "model" / WEIGHTS}
    counts = []
    for editor in package.EDITORS:
        listed = package.files(editor)
        counts.append(f"{editor} {len(listed)} files")
        for source in listed.values():
            inside = source.relative_to(ROOT / "plugins").as_posix()
            wanted[f"handtint_server/plugins/{inside}"] = source
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name, source in wanted.items():
            if name not in names:
                fail(f"{name} is not in the wheel.")
            if archive.read(name) != source.read_bytes():
                fail(f"{name} in the wheel is not the file of this tree.")
        weights = archive.getinfo(WEIGHTS).file_size
    passed(f"weights inside: {weights / 1e6:.1f} MB")
    passed(f"plug-ins inside: {', '.join(counts)}")
    size = wheel.stat().st_size
    if size >= LARGEST_WHEEL:
        fail(f"the wheel has {size / 1e6:.1f} MB; {LARGEST_WHEEL / 1e6:.0f} MB are too many.")
    passed(f"the wheel has {size / 1e6:.1f} MB, less than {LARGEST_WHEEL / 1e6:.0f}")


def check_description(sdist: Path, wheel: Path, folder: Path) -> None:
    """What PyPI shows: rendered by its own renderer, with nothing relative in it."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    headers, _, text = metadata.partition("\n\n")
    relative = re.findall(r"\]\((?!https?://|#)[^)]*\)", text)
    if relative or "![" in text:
        fail(f"the description on PyPI has relative links or pictures: {relative[:3]}.")
    for wanted in ("License-Expression: Apache-2.0", "License-File: LICENSE-weights.md"):
        if wanted not in headers:
            fail(f"the metadata lacks {wanted}.")
    tools = tools_of(folder, "twine", "check-jsonschema")
    run(tools / "twine", "check", "--strict", sdist, wheel, cwd=folder)
    passed("the description renders on PyPI, without relative links or pictures (twine check)")
    kinds = {
        "vendor.github-workflows": [".github/workflows/ci.yml"],
        "vendor.github-issue-forms": [".github/ISSUE_TEMPLATE/fault.yml"],
        "vendor.github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    }
    for schema, files in kinds.items():
        words = ("--builtin-schema", schema, *(ROOT / file for file in files))
        run(tools / "check-jsonschema", *words, cwd=folder)
    passed("the public service's workflow and issue forms are valid by its schemas; not run here")


def tools_of(folder: Path, *packages: str) -> Path:
    """The programs of some packages, in an environment of their own."""
    where = folder / "tools"
    run(sys.executable, "-m", "venv", where, cwd=folder)
    run(where / "bin" / "python", "-m", "pip", "install", "--quiet", *packages, cwd=folder)
    return where / "bin"


def check_texts() -> None:
    """The tests that hold documents and translations against the code."""
    tests = (
        "tests/plugins/test_translation.py",
        "tests/server/test_docs_numbers.py",
        "tests/server/cli/test_docs.py",
        "tests/test_install_docs.py",
        "tests/test_licences.py",
    )
    words = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *tests]
    said = run(*words, cwd=ROOT).strip().splitlines()
    passed(f"translations, licences and the docs' lines agree with the code: {said[-1]}")


def check_use(wheel: Path, folder: Path) -> None:
    """Installed where nothing is, and used where no network is."""
    import json

    environment, home = folder / "environment", folder / "home"
    home.mkdir()
    run(sys.executable, "-m", "venv", environment, cwd=folder)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    run(*pip, "install", "-c", ROOT / "constraints.txt", wheel, cwd=home, environ=clean)
    held = len(run(*pip, "list", "--format=freeze", cwd=home, environ=clean).split())
    passed(f"installed into an empty environment, {held} packages with pip")
    shutil.copy(ROOT / "examples" / PHOTO, home)
    bare = {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "HANDTINT_RUNTIME_DIR": str(home / "runtime"),
        "HANDTINT_HOME": str(home / "data"),
    }
    found = json.loads(
        run(*without_network(), python, "-c", COLORIZE, PHOTO, cwd=home, environ=bare).splitlines()[
            -1
        ]
    )
    if not found["size"]:
        fail("the result has another size than the photo.")
    if not found["lightness"]:
        fail("the result's lightness is not the photo's.")
    if not found["colour"] > 2.0:
        fail(f"the result is gray: its channels differ by {found['colour']:.2f} codes on average.")
    passed(
        f"without any network: {PHOTO} colorized, every pixel's lightness kept, "
        f"channels {found['colour']:.1f} codes apart on average"
    )
    for editor in ("gimp", "krita"):
        files = [p for p in (home / editor).rglob("*.py") if p.is_file()]
        if not files:
            fail(f"`handtint install {editor}` has installed nothing.")
        passed(f"without any network: handtint install {editor} ({len(files)} modules)")


def main() -> None:
    """All checks, the cheap ones first."""
    without_network()
    with tempfile.TemporaryDirectory(prefix="handtint-release-") as name:
        folder = Path(name)
        tree = folder / "tree"
        copy_tracked(tree)
        sdist, wheel = build(tree, folder)
        passed(f"built {sdist.name} and, from it, {wheel.name}")
        check_version(wheel)
        check_content(wheel)
        check_description(sdist, wheel, folder)
        check_texts()
        check_use(wheel, folder)
        dist = ROOT / "dist"
        dist.mkdir(exist_ok=True)
        for path in (sdist, wheel, ROOT / "install.py"):
            shutil.copy(path, dist)
    print(f"Ready to release: dist/{sdist.name}, dist/{wheel.name}")


if __name__ == "__main__":
    main()
