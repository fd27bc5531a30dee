"""The editors that were named with ``--editor-dir``, which nobody finds again by looking.

They share the data folder with the others, whose removal must not take their server away.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ..folders import make_private, write_private
from .environment import EDITORS, Environment, Target
from .installer import Manifest
from .places import find_targets, given_target

GIVEN = "editor-dirs.json"


def targets_in_use(env: Environment) -> list[Target]:
    """Every place that has the plug-in."""
    known = [target for name in EDITORS for target in known_targets(name, env)]
    return [target for target in known if Manifest.read(target) is not None]


def known_targets(editor: str, env: Environment) -> list[Target]:
    """The places where an editor was found, and those named for it that have the plug-in."""
    found = find_targets(editor, env)
    seen = {(target.root, target.data) for target in found}
    named = [target for target in _read(env) if target.editor == editor]
    return [
        *found,
        *(t for t in named if (t.root, t.data) not in seen and Manifest.read(t) is not None),
    ]


def note(editor: str, folder: Path, env: Environment) -> None:
    """Remember a folder that was named for an editor.  Raises FolderError."""
    _write([*_read(env), given_target(editor, folder, env)], env)


def forget_removed(env: Environment) -> None:
    """Forget the folders without the plug-in.  Raises FolderError."""
    _write(_read(env), env)


def _write(named: list[Target], env: Environment) -> None:
    kept = {(t.editor, str(t.root)) for t in named if Manifest.read(t) is not None}
    if kept:
        make_private(env.data)
        content = {"folders": [{"editor": e, "folder": root} for e, root in sorted(kept)]}
        write_private(env.data / GIVEN, json.dumps(content, indent=1).encode())
    else:
        with contextlib.suppress(OSError):
            (env.data / GIVEN).unlink()


def _read(env: Environment) -> list[Target]:
    try:
        listed = json.loads((env.data / GIVEN).read_text("utf-8"))["folders"]
        named = [(item["editor"], Path(item["folder"])) for item in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [given_target(e, f, env) for e, f in named if e in EDITORS and f.is_absolute()]
