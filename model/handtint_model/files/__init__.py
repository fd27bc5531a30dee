"""Files of pictures and of painted hints."""

from .header import ReadLimits, prepare_libvips
from .hint_files import dump_hints, parse_hints, read_hints, read_layer, write_hints
from .kept import PhotoMeta
from .read import Photo, PhotoInfo, inspect_photo, read_photo
from .write import check_target, notes_on, write_photo

__all__ = [
    "Photo",
    "PhotoInfo",
    "PhotoMeta",
    "ReadLimits",
    "check_target",
    "dump_hints",
    "inspect_photo",
    "notes_on",
    "parse_hints",
    "prepare_libvips",
    "read_hints",
    "read_layer",
    "read_photo",
    "write_hints",
    "write_photo",
]
