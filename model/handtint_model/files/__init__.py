"""Files of pictures and of painted hints."""

from .header import PhotoMeta, ReadLimits, prepare_libvips
from .hint_files import dump_hints, parse_hints, read_hints, read_layer, write_hints
from .read import Photo, PhotoInfo, inspect_photo, read_photo
from .write import write_photo

__all__ = [
    "Photo",
    "PhotoInfo",
    "PhotoMeta",
    "ReadLimits",
    "dump_hints",
    "inspect_photo",
    "parse_hints",
    "prepare_libvips",
    "read_hints",
    "read_layer",
    "read_photo",
    "write_hints",
    "write_photo",
]
