"""Qt as Krita ships it: Qt 5 in Krita 5, Qt 6 in Krita 6, under the same names.

Enumerations are written with their scope everywhere, which both know.
"""

from __future__ import annotations

import sys

# Krita's own module has loaded one of them by now; a system may have the other one, too, and
# two Qts in one process crash.
if "PyQt6.QtCore" in sys.modules:
    from PyQt6 import QtCore, QtGui, QtNetwork, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtNetwork, QtWidgets

__all__ = ["QtCore", "QtGui", "QtNetwork", "QtWidgets"]
