"""Export Colored Picture: what is seen, without hints, as one picture."""

from __future__ import annotations

import os

from gi.repository import Gimp, Gio

from . import layers, memory, scratch
from .client.translation import _
from .pixels import read_strips
from .problem import Cancelled, Problem


def suggested_name(image: Gimp.Image) -> tuple[str, str]:
    """(folder or "", name) for the exported file."""
    file = image.get_file() or image.get_imported_file()
    path = file.get_path() if file is not None else None
    stem = os.path.splitext(os.path.basename(path or image.get_name() or "picture"))[0]
    return (os.path.dirname(path) if path else ""), _("%s (colorized)") % stem + ".png"


def export(image: Gimp.Image, file: Gio.File, run_mode: Gimp.RunMode) -> None:
    """Write what is seen of an image, without its hint layers; raises Problem or Cancelled.

    The image itself stays as it is.  The layers become one: a TIFF would hold a page for each.
    """
    name = file.get_basename() or ""
    if not os.path.splitext(name)[1]:
        raise Problem(_("The name %s has no ending. Add one such as .png, .jpg or .tif.") % name)
    if not any(memory.was_result(layer) for layer in layers.all_layers(image)):
        raise Problem(_("There is no colored layer in this image. Choose Colorize Layer first."))
    double = image.duplicate()
    try:
        scratch.mark(double)
        for layer in layers.all_layers(double):
            if layer.is_valid() and layers.is_hints(layer):
                double.remove_layer(layer)
        if not any(layer.get_visible() for layer in double.get_layers()):
            raise Problem(_("All layers are hidden. Show the colored one, then try again."))
        merged = double.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        if merged.has_alpha() and _is_opaque(merged):
            merged.flatten()
        for layer in double.get_layers():
            if not layer.get_visible():
                double.remove_layer(layer)
        if not Gimp.file_save(run_mode, double, file, None):
            if Gimp.get_pdb().get_last_status() == Gimp.PDBStatusType.CANCEL:
                raise Cancelled  # in GIMP's dialog with the options of this kind of file
            raise Problem(
                _(
                    "GIMP could not write %s. Choose a folder that can be written and an ending "
                    "that GIMP knows, such as .png, .jpg or .tif."
                )
                % name
            )
    finally:
        double.delete()


def _is_opaque(layer: Gimp.Layer) -> bool:
    """Whether alpha says nothing: merging adds it."""
    strips = read_strips(layer.get_buffer(), layer.get_width(), layer.get_height(), "R'G'B'A u8", 4)
    return all(data[3::4].count(255) == len(data) // 4 for data in strips)
