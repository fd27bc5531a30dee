"""Puts the plug-ins into the wheel; everything else is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPlugins(build_py):
    """`handtint install` finds the plug-ins beside itself when there is no repository."""

    def run(self) -> None:
        """Build the modules, then the plug-ins."""
        super().run()
        if not self.editable_mode:
            root = Path(__file__).resolve().parent
            target = Path(self.build_lib) / "handtint_server" / "plugins"
            ignored = shutil.ignore_patterns("__pycache__", ".*", "*.po")
            shutil.copytree(root / "plugins", target, ignore=ignored, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPlugins})
