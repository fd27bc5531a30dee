"""Qt as Krita ships it: Qt 5 in Krita 5, Qt 6 in Krita 6, under the same names.

Enumerations are written with their scope everywhere, which both know.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, Callable

# Krita's own module has loaded one of them by now; a system may have the other one, too, and
# two Qts in one process crash.
if "PyQt6.QtCore" in sys.modules:
    from PyQt6 import QtCore, QtGui, QtNetwork, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtNetwork, QtWidgets

__all__ = ["QtCore", "QtGui", "QtNetwork", "QtWidgets", "safely", "timer"]


def safely(call: Callable[..., Any]) -> Callable[..., None]:
    """A slot that prints what it raises: PyQt would end the whole program, paintings and all."""

    def called(*arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception:
            traceback.print_exc(file=sys.stderr)

    return called


def timer(milliseconds: int, call: Callable[[], Any], once: bool = False) -> Any:
    """A timer that is not running yet."""
    made = QtCore.QTimer()
    made.setInterval(milliseconds)
    made.setSingleShot(once)
    made.timeout.connect(safely(call))
    return made
