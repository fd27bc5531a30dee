"""Puts the ZIPs of the plug-ins into the wheel; everything else is in pyproject.toml."""

from __future__ import annotations

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPlugins(build_py):
    """`handtint install` finds the plug-ins beside itself when there is no repository."""

    def run(self) -> None:
        """Build the modules, then the ZIPs."""
        super().run()
        if not self.editable_mode:
            root = Path(__file__).resolve().parent
            bundled = Path(self.build_lib) / "handtint_server" / "installer" / "bundled"
            bundled.mkdir(parents=True, exist_ok=True)
            build = runpy.run_path(str(root / "plugins" / "package.py"))["build"]
            for editor in ("gimp", "krita"):
                build(editor, bundled)


setup(cmdclass={"build_py": BuildWithPlugins})
