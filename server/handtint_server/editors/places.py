"""Where each editor that is there looks for plug-ins (docs/http-api.md, section 1)."""

from __future__ import annotations

from pathlib import Path

from . import gimp, krita
from .environment import TITLES, Environment, Target


def find_targets(editor: str, env: Environment) -> list[Target]:
    """The places of every installed version of an editor; empty if there is none."""
    if editor == "gimp":
        return gimp.targets(env)
    return krita.targets(env)


def given_target(editor: str, folder: Path, env: Environment) -> Target:
    """A place that the user names: the editor's settings folder, or its plug-ins folder."""
    folder = folder.absolute()
    title = f"{TITLES[editor]} in {folder}"
    if editor == "gimp":
        root = folder if folder.name == "plug-ins" else folder / "plug-ins"
        return Target(editor, title, root, env.data, named=True)
    root = folder.parent if folder.name == "pykrita" else folder
    return Target(editor, title, root, env.data, krita.kritarc_of(env), named=True)
