"""The local server, its command line and its Python client."""

__version__ = "0.2.0"
