"""Builds the ZIPs for installing a plug-in by hand, and lists what an installation holds.

    python plugins/package.py [FOLDER]     # dist/ unless named

A plug-in is its own folder plus a copy of `client/`, so that no editor needs pip.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent

EDITORS = {
    # name: (folder of the plug-in, where in it the client goes)
    "gimp": ("gimp", "handtint/handtint_gimp/client"),
    "krita": ("krita", "handtint/client"),
}

STAMP = (2026, 1, 1, 0, 0, 0)
"""Time of every file in a ZIP, so that equal sources give equal bytes."""


def is_wanted(path: Path) -> bool:
    """Whether a file belongs to a plug-in."""
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


def files(editor: str, plugins: Path = HERE) -> dict[str, Path]:
    """What an installation holds: path inside the installation -> source file."""
    folder, client = EDITORS[editor]
    found = {
        path.relative_to(plugins / folder).as_posix(): path
        for path in sorted((plugins / folder).rglob("*"))
        if is_wanted(path)
    }
    for path in sorted((plugins / "client").rglob("*")):
        if is_wanted(path) and path.suffix in (".py", ".mo"):
            found[f"{client}/{path.relative_to(plugins / 'client').as_posix()}"] = path
    for path in sorted((plugins / "palettes").glob("*.gpl")):
        found[f"palettes/{path.name}"] = path
    return found


def build(editor: str, target: Path) -> Path:
    """Write ``handtint-EDITOR.zip`` into a folder; returns its path."""
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"handtint-{editor}.zip"
    # By hand, only the plug-in: palettes belong into another folder of the editor.
    listed = {n: s for n, s in files(editor).items() if not n.startswith("palettes/")}
    folders = {parent.as_posix() for name in listed for parent in PurePosixPath(name).parents}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in sorted(folders - {"."}):  # Krita's importer looks for them
            entry = zipfile.ZipInfo(folder + "/", STAMP)
            entry.external_attr = (0o040755 << 16) | 0x10
            archive.writestr(entry, b"")
        for name, source in listed.items():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, source.read_bytes())
    return path


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "dist"
    for name, (folder, _) in EDITORS.items():
        if (HERE / folder).is_dir():
            print(build(name, where))
