#!/usr/bin/env python3
"""Handtint for GIMP 3: what GIMP starts.  Everything else is in handtint_gimp beside it."""

import sys

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")

from gi.repository import Gimp  # noqa: E402
from handtint_gimp.plugin import Handtint  # noqa: E402

Gimp.main(Handtint.__gtype__, sys.argv)
