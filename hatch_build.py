"""Made at build time from the project's address: its links, and the description on PyPI."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n*")
RELATIVE = re.compile(r"\]\((?!https?:|#)([^)]*)\)")


def description_of(readme: str, files: str) -> str:
    """README.md without the pictures that lie beside it, and with its links made whole.

    files: the address before a file's path, with a slash at its end.
    """
    return RELATIVE.sub(lambda link: f"]({files}{link[1]})", PICTURE.sub("", readme))


class AddressHook(MetadataHookInterface):
    """Takes `home`, the address of the repository, from pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Adds urls and readme."""
        home = str(self.config["home"])
        files = f"{home}/blob/main/"
        metadata["urls"] = {
            "Homepage": home,
            "Documentation": f"{files}docs/install.md",
            "Repository": home,
            "Issues": f"{home}/issues",
            "Changelog": f"{files}CHANGELOG.md",
        }
        readme = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": description_of(readme, files),
        }
