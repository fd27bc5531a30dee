"""Handtint for Krita: colors black-and-white photographs with a server on this machine.

Krita imports this package at its start; `extension` adds the menu entries and the docker.
Scripts and tests import the modules below without Krita's window.
"""

from __future__ import annotations

from .client.translation import N_, languages_of, use_languages

ABOUT = N_("Colors black-and-white photographs, on this computer, guided by painted hints.")
"""In the list of plug-ins: `make translations` writes it into handtint.desktop."""


def _use_kritas_language() -> None:
    """Speak as Krita does; before the modules with texts are imported.

    Krita puts the language that the user chose in it into the environment on Linux, and into
    Qt's default locale everywhere.
    """
    import os

    from .qt import QtCore

    listed = languages_of(os.environ) if os.environ.get("LANGUAGE") else []
    use_languages([*listed, QtCore.QLocale().name()])


def _register() -> None:
    from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

    from .announce import DOCKER_ID
    from .docker import HandtintDocker
    from .extension import HandtintExtension

    application = Krita.instance()
    application.addExtension(HandtintExtension(application))
    # Krita 6 has the sides in an enumeration of their own, Krita 5 in the class itself.
    sides = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase)
    right = getattr(sides, "DockRight", None) or DockWidgetFactoryBase.DockRight
    application.addDockWidgetFactory(DockWidgetFactory(DOCKER_ID, right, HandtintDocker))


def _is_krita_itself() -> bool:
    """Whether this is Krita's window: kritarunner loads no plug-ins and has no windows."""
    from .qt import QtCore

    name = QtCore.QCoreApplication.applicationName()
    return name.lower() == "krita"


try:
    import krita as _krita  # noqa: F401
except ImportError:  # plain Python: the modules without Krita can still be imported
    pass
else:
    _use_kritas_language()
    if _is_krita_itself():
        _register()
