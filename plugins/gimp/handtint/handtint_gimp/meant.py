"""A PNG whose values mean something else than GIMP shows: noticed, and shown as it is meant.

GIMP 3.0 reads gAMA and cHRM, but not cICP.  The plug-in colors what GIMP shows, so it asks first
whether GIMP shall show the picture as the file means it: then the image gets the profile that
the file describes, and the colors are those of the command line.
"""

from __future__ import annotations

from gi.repository import Gimp

from .client import pngcolor
from .client.pngcolor import PngColor
from .client.translation import _
from .problem import Cancelled, Problem

AS_SHOWN = "handtint-as-shown"
"""Parasite of an image that is to look as GIMP shows it, whatever its file says."""


def of_image(image: Gimp.Image) -> PngColor | None:
    """What the image's PNG says; None if GIMP shows it as meant, or the user wants it so."""
    if image.get_color_profile() is not None or image.get_parasite(AS_SHOWN) is not None:
        return None
    file = image.get_imported_file() or image.get_file()
    path = file.get_path() if file is not None else None
    return pngcolor.of_file(path) if path else None


def settle(image: Gimp.Image) -> None:
    """Ask whether a PNG shall be shown as its file means it; raises Cancelled or Problem."""
    color = of_image(image)
    if color is None:
        return
    if not color.profile:
        keep_as_shown(image)  # said once
        Gimp.message(
            _("This PNG is of a kind that is not read (%s): its values were taken for sRGB.")
            % color.summary
        )
        return
    from . import dialogs

    answer = dialogs.ask_about_png(color)
    if answer == "cancel":
        raise Cancelled
    if answer == "keep":
        keep_as_shown(image)
    else:
        show_as_meant(image, color)


def keep_as_shown(image: Gimp.Image) -> None:
    """Remember that the picture is to look as it does."""
    persistent = 1  # GIMP_PARASITE_PERSISTENT, which the bindings lack
    image.attach_parasite(Gimp.Parasite.new(AS_SHOWN, persistent, b"1"))


def show_as_meant(image: Gimp.Image, color: PngColor) -> None:
    """Give the image the profile that its file describes; its values stay.  Raises Problem."""
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        if not image.set_color_profile(Gimp.ColorProfile.new_from_icc_profile(color.profile)):
            raise Problem(_("The picture could not be given its color profile."))
    finally:
        image.undo_group_end()
