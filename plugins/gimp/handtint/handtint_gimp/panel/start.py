"""Panel: opens the window, or hands the image to the panel that is open already."""

from __future__ import annotations

from typing import Any

import gi
from gi.repository import Gimp, GLib, GObject

from ..client.translation import _
from .loop import soon

NAME = "handtint"
FOLLOW = "plug-in-handtint-panel-follow"
"""A procedure that the open panel offers.  It goes with the process, also where that is killed."""


def run(image: Gimp.Image) -> None:
    """Returns when the panel is closed, or at once if one is open already."""
    other = Gimp.get_pdb().lookup_procedure(FOLLOW)
    if other is not None:
        config = other.create_config()
        config.set_property("image", image)
        other.run(config)
        return
    gi.require_version("GimpUi", "3.0")
    from gi.repository import GimpUi

    GimpUi.init(NAME)
    plug_in = Gimp.get_plug_in()
    # Calls about an image that has gone are answered here, not by windows of GIMP's.
    plug_in.set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
    from .core import Core
    from .window import Window

    loop = GLib.MainLoop()
    core = Core(image)
    window = Window(core, loop.quit)

    def follow(wanted: Gimp.Image) -> None:
        core.follow(wanted)
        window.come_to_the_front()

    _offer(plug_in, follow)
    window.open()
    core.start()
    loop.run()


def _offer(plug_in: Gimp.PlugIn, follow: Any) -> None:
    """Let a second start find this panel.  GIMP waits for the answer: it comes at once."""

    def called(procedure: Gimp.Procedure, arguments: Any, _: Any) -> Gimp.ValueArray:
        soon(follow, arguments.get_property("image"))
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)

    offered = Gimp.Procedure.new(plug_in, FOLLOW, Gimp.PDBProcType.TEMPORARY, called, None)
    blurb = _("Hands an image to the open panel")
    offered.set_documentation(blurb, blurb, FOLLOW)
    offered.add_image_argument("image", _("Image"), _("Image"), False, GObject.ParamFlags.READWRITE)
    plug_in.add_temp_procedure(offered)
    plug_in.persistent_enable()
