"""Handtint for Krita: colors black-and-white photographs with a server on this machine.

Krita imports this package at its start; `extension` adds the menu entries and the docker.
Scripts and tests import the modules below without Krita's window.
"""

from __future__ import annotations


def _register() -> None:
    from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

    from .docker import DOCKER_ID, HandtintDocker
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
    if _is_krita_itself():
        _register()
