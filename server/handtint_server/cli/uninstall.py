"""`handtint uninstall`; see `install`."""

from handtint_server.cli.install import uninstall_command as command

__all__ = ["command"]
