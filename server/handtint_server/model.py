"""What the server uses of the model, in one place; heavy parts are imported when used."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import NDArray

from handtint_model import (
    BadCheckpoint,
    BadHint,
    BadImage,
    BadOption,
    Cancelled,
    ColorizeOptions,
    DeviceProblem,
    HandtintError,
    HintPatch,
    Hints,
    Plane,
    Progress,
    WriteFailed,
)
from handtint_model import files as image_io
from handtint_model.errors import TooManyPixels
from handtint_model.files import formats as image_formats
from handtint_model.files import hint_files, icc
from handtint_model.luminance import nearest_code
from handtint_model.threads import in_threads, strips
from handtint_model.types import (
    ALTERNATIVES,
    RENDER_SIZES,
    THUMBNAIL_SIZES,
    check_point,
    check_points,
    lies_inside,
)

__all__ = [
    "ALTERNATIVES",
    "RENDER_SIZES",
    "THUMBNAIL_SIZES",
    "BadCheckpoint",
    "BadHint",
    "BadImage",
    "BadOption",
    "Cancelled",
    "ColorizeOptions",
    "DeviceProblem",
    "HandtintError",
    "HintPatch",
    "Hints",
    "Plane",
    "Progress",
    "TooManyPixels",
    "WriteFailed",
    "check_point",
    "check_points",
    "hint_files",
    "icc",
    "image_formats",
    "image_io",
    "in_threads",
    "kernels_in_use",
    "lies_inside",
    "luminance_of",
    "nearest_code",
    "strips",
]


def luminance_of(rgb: NDArray[Any]) -> Plane:
    """Y' of (H, W, 3) R'G'B' of the same dtype; see `handtint_model.luminance_of`."""
    from handtint_model import luminance_of as convert

    return convert(rgb)


def kernels_in_use() -> Literal["numba", "numpy"]:
    """Which inner loops run: "numba", or the slower "numpy" where Numba is missing."""
    from handtint_model.kernels import backend

    return backend()
