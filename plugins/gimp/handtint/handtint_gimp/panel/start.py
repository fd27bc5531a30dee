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
        config.set_property("image-id", image.get_id())
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

    def follow(image_id: int) -> None:
        wanted = Gimp.Image.get_by_id(image_id)
        if wanted is not None:
            core.follow(wanted)
        window.come_to_the_front()

    _offer(plug_in, follow)
    window.open()
    core.start()
    loop.run()


def _offer(plug_in: Gimp.PlugIn, follow: Any) -> None:
    """Let a second start find this panel.  GIMP waits for the answer: it comes at once.

    The call may come while the panel itself waits for an answer of GIMP's.  A question asked now
    would be given that answer; an argument of type image is such a question (is it there?).
    """

    def called(procedure: Gimp.Procedure, arguments: Any, _: Any) -> Gimp.ValueArray:
        soon(follow, arguments.get_property("image-id"))
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)

    offered = Gimp.Procedure.new(plug_in, FOLLOW, Gimp.PDBProcType.TEMPORARY, called, None)
    blurb = _("Hands an image to the open panel")
    offered.set_documentation(blurb, blurb, FOLLOW)
    offered.add_int_argument(
        "image-id", _("Image"), _("Image"), 1, GLib.MAXINT, 1, GObject.ParamFlags.READWRITE
    )
    plug_in.add_temp_procedure(offered)
    plug_in.persistent_enable()
