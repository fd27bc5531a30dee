"""The files of the plug-ins: from the wheel, or from the repository."""

from __future__ import annotations

import runpy
import zipfile
from dataclasses import dataclass
from pathlib import Path

from handtint_server.folders import FolderError

BUNDLED = Path(__file__).parent / "bundled"
"""ZIPs that `make plugins` built; there in a wheel."""

REPOSITORY = Path(__file__).parents[3] / "plugins"


@dataclass(frozen=True)
class PluginFile:
    """A file of a plug-in; name: its path in the ZIP, with slashes."""

    name: str
    data: bytes
    executable: bool


def plugin_files(editor: str) -> list[PluginFile]:
    """Everything that belongs to the plug-in of an editor; raises FolderError."""
    bundle = BUNDLED / f"handtint-{editor}.zip"
    if (REPOSITORY / "package.py").is_file():
        listed = runpy.run_path(str(REPOSITORY / "package.py"))["files"](editor)
        return [
            PluginFile(name, path.read_bytes(), bool(path.stat().st_mode & 0o100))
            for name, path in listed.items()
        ]
    if not bundle.is_file():
        raise FolderError(
            f"this installation of handtint lacks the plug-in for {editor} ({bundle}): "
            "install handtint again."
        )
    with zipfile.ZipFile(bundle) as archive:
        return [
            PluginFile(item.filename, archive.read(item), bool(item.external_attr >> 16 & 0o100))
            for item in archive.infolist()
            if not item.is_dir()
        ]
