"""Handtint's plug-in for GIMP 3: standard library and GObject introspection only."""

try:
    from . import client
except ImportError as error:
    raise ImportError(
        "handtint_gimp/client is missing: install the plug-in anew (handtint install gimp), or "
        "from handtint-gimp.zip, which holds it."
    ) from error

__all__ = ["client"]
