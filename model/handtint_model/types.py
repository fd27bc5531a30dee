"""Frozen values that cross the border of the package: options, hints, progress.

Coordinates: ``x`` to the right and ``y`` down, in pixels of the photo that the caller
passed, the centre of the top left pixel at (0, 0).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import BadHint, BadOption

Plane: TypeAlias = NDArray[Any]
"""(H, W) uint8, uint16 or float32: Y', the relative luminance in the sRGB curve."""

Progress: TypeAlias = Callable[[str, float], None]
"""Called with a stage ("encode", "render", ...) and its fraction 0..1; may raise Cancelled."""

LARGEST_PLACE = 2**31
"""Coordinates of hints lie nearer to 0."""

LARGEST_RADIUS = 1000
"""Of a point, in pixels; a larger one is painted as a layer."""

RENDER_SIZES = (128, 512)
"""Smallest and largest render size."""


def is_number(value: object) -> bool:
    """Whether a value is a number: Python's or NumPy's, but no bool."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def lies_inside(x: float, y: float, size: tuple[int, int]) -> bool:
    """Whether a place lies on a pixel of a photo; size: its width and height."""
    return -0.5 <= x < size[0] - 0.5 and -0.5 <= y < size[1] - 0.5


def check_point(x: float, y: float, size: tuple[int, int]) -> None:
    """Raise BadHint for a point whose middle lies on no pixel of a photo of this size."""
    if not lies_inside(x, y, size):
        raise BadHint(f"the point {x:g},{y:g} lies outside the photo of {size[0]} x {size[1]}.")


def check_points(patches: Iterable[HintPatch], size: tuple[int, int]) -> None:
    """`check_point` for those of the patches that are points."""
    for x, y in (patch.middle for patch in patches if patch.middle is not None):
        check_point(x, y, size)


ALTERNATIVES = 4
"""How many colourings of a photo there are: the automatic one, number 0, and three others."""


THUMBNAIL_SIZES = (16, 2048)
"""Smallest and largest long side of thumbnails, in pixels."""

LARGEST_REFERENCE = 768
"""Pixels of a reference's long side; a larger one is averaged down to less than twice that."""


def whole_number(name: str, value: object, low: int, high: int) -> None:
    """Raise BadOption for an option that is no whole number between low and high."""
    if not (is_number(value) and low <= value <= high and int(value) == value):  # type: ignore[operator,call-overload]
        raise BadOption(f"{name} must be a whole number between {low} and {high}, not {value!r}.")


@dataclass(frozen=True)
class ColorizeOptions:
    """Everything a caller can choose about a colorization; the one place of defaults."""

    vividness: float = 0.5  # 0: colours of least expected error, calm; 1: boldest
    strength: float = 1.0  # 0..1, multiplies every hint's alpha
    render_size: int = 256  # pixels of the short side that the network sees, 128..512
    alternative: int = 0  # 0: the automatic colours; 1..3: others, the likeliest first

    def __post_init__(self) -> None:
        for name in ("vividness", "strength"):
            value = getattr(self, name)
            if not (is_number(value) and 0.0 <= value <= 1.0):
                raise BadOption(f"{name} must be between 0 and 1, not {value!r}.")
        whole_number("render_size", self.render_size, *RENDER_SIZES)
        whole_number("alternative", self.alternative, 0, ALTERNATIVES - 1)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the options, in order."""
        return tuple(f.name for f in fields(cls))


@dataclass(frozen=True, eq=False)
class HintPatch:
    """A painted rectangle of a photo.

    rgba: (h, w, 4) uint8, sRGB, straight (not premultiplied) alpha; alpha 0 is unpainted.
    x, y: where its top left pixel lies in the photo; may lie outside.  middle: of a point, which
    must lie inside.
    """

    rgba: NDArray[np.uint8]
    x: int = 0
    y: int = 0
    middle: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Fence:
    """Painted patches whose effect ends at the edge of a mask; `Hints.within` makes them.

    patches: as of `Hints`, painted inside only.  mask: (h, w) uint8, 255 inside, 0 outside, between
    them a soft edge.  x, y: where its top left pixel lies in the photo; may lie outside.  What lies
    beyond the mask's rectangle is outside.
    """

    patches: tuple[HintPatch, ...]
    mask: NDArray[np.uint8]
    x: int = 0
    y: int = 0

    @classmethod
    def around(
        cls, patches: Iterable[HintPatch], mask: NDArray[np.uint8], x: int, y: int
    ) -> Fence | None:
        """Patches kept inside a mask (h, w) that lies at (x, y); None if none is painted there.

        The mask is cut to its marked part, and paint where it is 0 is left out.
        """
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        if rows.size == 0:
            return None
        top, left = int(rows[0]), int(columns[0])
        cut = mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1].copy()
        cut.setflags(write=False)
        x, y = x + left, y + top
        inside = [kept for p in patches if (kept := _paint_inside(p, cut, x, y)) is not None]
        return cls(tuple(inside), cut, x, y) if inside else None

    def narrowed(self, mask: NDArray[np.uint8], x: int, y: int) -> Fence | None:
        """The same inside a second mask, too; None if none is painted inside both."""
        product = np.zeros_like(self.mask)
        mine, theirs = _common((self.mask.shape, self.x, self.y), (mask.shape, x, y))
        both = self.mask[mine].astype(np.uint16) * mask[theirs]
        # What both let through a little stays a little: 0 would be outside.
        product[mine] = (both + 254) // 255
        return Fence.around(self.patches, product, self.x, self.y)

    def same_mask(self, other: Fence) -> bool:
        """Whether two fences stand at the same place."""
        if (self.x, self.y, self.mask.shape) != (other.x, other.y, other.mask.shape):
            return False
        return bool((self.mask == other.mask).all())


_Box: TypeAlias = tuple[tuple[int, ...], int, int]
"""Shape (height, width, ...), x, y."""


def _common(a: _Box, b: _Box) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The rectangle that two boxes share, as slices of each; empty ones if there is none."""
    top, left = max(a[2], b[2]), max(a[1], b[1])
    bottom = max(top, min(a[2] + a[0][0], b[2] + b[0][0]))
    right = max(left, min(a[1] + a[0][1], b[1] + b[0][1]))

    def of(box: _Box) -> tuple[slice, slice]:
        x, y = box[1], box[2]
        if bottom == top or right == left:
            return slice(0), slice(0)
        return slice(top - y, bottom - y), slice(left - x, right - x)

    return of(a), of(b)


def _paint_inside(patch: HintPatch, mask: NDArray[np.uint8], x: int, y: int) -> HintPatch | None:
    mine, theirs = _common((patch.rgba.shape, patch.x, patch.y), (mask.shape, x, y))
    rgba = patch.rgba[mine].copy()
    rgba[mask[theirs] == 0, 3] = 0
    if not rgba[..., 3].any():
        return None
    rgba.setflags(write=False)
    x, y = patch.x + (mine[1].start or 0), patch.y + (mine[0].start or 0)
    return HintPatch(rgba, x, y, patch.middle)


def _mask_codes(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """A mask as uint8; raises BadHint."""
    array = np.asarray(mask)
    if array.ndim != 2 or (array.dtype.kind not in "bf" and array.dtype != np.uint8):
        raise BadHint(
            "a mask is an (h, w) array, bool, uint8 or float 0..1, not "
            f"{array.shape} {array.dtype}."
        )
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise BadHint("the mask holds NaN or infinite values.")
        # What was resampled may lie a little beyond; 255 was meant as a code.
        if array.size and not (array.min() >= -1.0 and array.max() <= 2.0):
            raise BadHint("a mask of floats runs from 0, outside, to 1, inside; scale it.")
        array = np.rint(np.clip(array, 0.0, 1.0) * 255.0)
    elif array.dtype == np.bool_:
        array = array * np.uint8(255)
    codes = array.astype(np.uint8)
    if not codes.any():
        raise BadHint("the mask marks no pixel; it is above 0 where hints shall act.")
    return codes


_HEX = re.compile(r"#?([0-9a-fA-F]{6})\Z")


def parse_color(text: str) -> tuple[int, int, int]:
    """``"#rrggbb"`` (sRGB) to (r, g, b), each 0..255; raises BadHint for anything else."""
    match = _HEX.match(text.strip())
    if match is None:
        raise BadHint(f"a colour is written #rrggbb, for example #c04030, not {text!r}.")
    value = int(match.group(1), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _color_codes(color: Any) -> tuple[int, ...]:
    """``"#rrggbb"`` or three whole numbers 0..255 to (r, g, b); raises BadHint."""
    if isinstance(color, str):
        return parse_color(color)
    codes = tuple(color) if isinstance(color, (tuple, list, np.ndarray)) else ()
    # Shares of 1 would else become black.
    if len(codes) != 3 or not all(is_number(v) and 0 <= v <= 255 and v == int(v) for v in codes):
        raise BadHint(f"a colour is #rrggbb or three whole numbers 0..255, not {color!r}.")
    return tuple(int(v) for v in codes)


def _place(x: Any, y: Any) -> tuple[int, int]:
    """Where a crop or mask lies; raises BadHint."""
    if not all(is_number(v) and abs(v) < LARGEST_PLACE and v == int(v) for v in (x, y)):
        raise BadHint(f"x and y of hints and masks are whole numbers, not {x!r} and {y!r}.")
    return int(x), int(y)


def _disc(x: float, y: float, rgb: tuple[int, ...], radius: float) -> HintPatch:
    """A painted disc with smooth rim."""
    left, top = int(np.floor(x - radius)), int(np.floor(y - radius))
    size = int(np.ceil(2 * radius)) + 2
    dx = np.arange(left, left + size)[None, :] - x
    dy = np.arange(top, top + size)[:, None] - y
    alpha = np.clip(radius + 0.5 - np.hypot(dx, dy), 0.0, 1.0)
    rgba = np.empty((size, size, 4), np.uint8)
    rgba[..., :3] = rgb
    rgba[..., 3] = np.rint(alpha * 255)
    rgba.setflags(write=False)
    return HintPatch(rgba, left, top, (x, y))


@dataclass(frozen=True, eq=False)
class Hints:
    """Painted colours for one photo: patches in painting order, later ones on top.

    Any pixel with alpha above 0 is a hint, weighted by its alpha; the lightness of its
    colour is ignored, so gray means "neutral here".  references: (h, w, 3) uint8 sRGB
    each, colour photos whose colours are taken where they look alike; what is painted lies over
    them.  fences: hints that are kept inside masks, painted over the patches; where fences overlap,
    the later one counts.  Sums hold one fence a mask, at the place of its last paint.
    """

    patches: tuple[HintPatch, ...] = field(default=())
    references: tuple[NDArray[np.uint8], ...] = ()
    fences: tuple[Fence, ...] = ()

    @classmethod
    def from_rgba(cls, rgba: NDArray[np.uint8], x: int = 0, y: int = 0) -> Hints:
        """Hints from a painted layer or a crop of one.

        rgba: (h, w, 4) uint8, sRGB, straight alpha.  x, y: the crop's place in the photo, whole
        numbers.  Cut to the painted part; an unpainted layer gives empty hints.  Raises BadHint.
        """
        array = np.asarray(rgba)
        if array.ndim != 3 or array.shape[2] != 4 or array.dtype != np.uint8:
            raise BadHint(f"hints are an (h, w, 4) uint8 array, not {array.shape} {array.dtype}.")
        x, y = _place(x, y)
        painted = array[..., 3] > 0
        rows = np.flatnonzero(painted.any(axis=1))
        if rows.size == 0:
            return cls()
        columns = np.flatnonzero(painted.any(axis=0))
        top, left = int(rows[0]), int(columns[0])
        cut = array[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1].copy()
        cut.setflags(write=False)
        return cls((HintPatch(cut, x + left, y + top),))

    @classmethod
    def from_points(
        cls,
        points: Iterable[tuple[float, float, str | tuple[int, int, int]]],
        radius: float = 4.0,
    ) -> Hints:
        """Hints from points (x, y, colour), each painted as a disc with smooth rim.

        colour: ``"#rrggbb"`` or (r, g, b), whole numbers 0..255, sRGB.  radius: in pixels, 0.5 to
        1000.  Raises BadHint.
        """
        if not (is_number(radius) and 0.5 <= radius <= LARGEST_RADIUS):
            raise BadHint(
                f"the radius of a point must be between 0.5 and {LARGEST_RADIUS}, not {radius!r}."
            )
        patches = []
        for point in points:
            try:
                x, y, color = point
            except (TypeError, ValueError):
                raise BadHint(f"a point is (x, y, colour), not {point!r}.") from None
            if not all(is_number(v) and abs(v) < LARGEST_PLACE for v in (x, y)):
                raise BadHint(f"a point needs finite coordinates, not ({x!r}, {y!r}).")
            patches.append(_disc(float(x), float(y), _color_codes(color), float(radius)))
        return cls(tuple(patches))

    @classmethod
    def from_reference(cls, rgb: NDArray[Any]) -> Hints:
        """Hints that take the colours of another photo, where its cells look like this one's.

        rgb: (h, w, 3) uint8 or uint16, or float 0..1; sRGB.  Raises BadHint for anything else, and
        for a picture without colour.
        """
        array = np.asarray(rgb)
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "uf":
            raise BadHint(
                f"a reference is an (h, w, 3) picture in colour, not {array.shape} {array.dtype}."
            )
        if array.dtype.kind == "f":
            if not np.isfinite(array).all():
                raise BadHint("the reference holds NaN or infinite values.")
            array = np.rint(np.clip(array, 0.0, 1.0) * 255.0)
        elif array.dtype != np.uint8:
            array = array / (np.iinfo(array.dtype).max / 255.0)
        step = max(1, max(array.shape[:2]) // LARGEST_REFERENCE)
        if step > 1:
            height, width = (max(1, side // step) for side in array.shape[:2])
            cut = array[: height * step, : width * step]
            array = cut.reshape(height, -1, width, cut.shape[1] // width, 3).mean(axis=(1, 3))
        codes = np.rint(array).astype(np.uint8)
        if min(codes.shape[:2]) < 1 or (codes == codes[..., :1]).all():
            raise BadHint("the reference is gray; choose a photo in colour.")
        codes.setflags(write=False)
        return cls(references=(codes,))

    def within(self, mask: NDArray[Any], x: int = 0, y: int = 0) -> Hints:
        """The same hints, fenced: outside the mask no pixel differs from what it is without them.

        mask: (h, w) bool, uint8 (255 inside) or float (1 inside), between 0 and inside a soft edge;
        x, y: where its top left pixel lies in the photo.  Hints of one mask that are added to each
        other act together, over those of other masks that were added before the last of them.
        Raises BadHint, also for a mask that marks nothing and for references,
        which count everywhere.
        """
        if self.references:
            raise BadHint("a reference counts everywhere: fence the painted hints, then add it.")
        codes = _mask_codes(mask)
        x, y = _place(x, y)
        fences = [Fence.around(self.patches, codes, x, y)]
        fences += [fence.narrowed(codes, x, y) for fence in self.fences]
        total = Hints()
        for fence in fences:
            if fence is not None:  # two masks that became equal are one
                total += Hints(fences=(fence,))
        return total

    def all_patches(self) -> tuple[HintPatch, ...]:
        """What is painted, fenced or not."""
        return self.patches + tuple(p for fence in self.fences for p in fence.patches)

    def __bool__(self) -> bool:
        return bool(self.patches or self.references or self.fences)

    def __add__(self, other: Hints) -> Hints:
        """These hints with others painted over them; all references count."""
        fences = list(self.fences)
        for fence in other.fences:
            # The joint fence lies where its last paint does, or what was painted last would not
            # show; and the same fences add up to the same however they are put in brackets.
            same = [f for f in fences if f.same_mask(fence)]
            fences = [f for f in fences if f not in same]
            patches = (p for f in (*same, fence) for p in f.patches)
            fences.append(replace(fence, patches=tuple(patches)))
        references = self.references + other.references
        return Hints(self.patches + other.patches, references, tuple(fences))

    def bounds(self) -> tuple[int, int, int, int] | None:
        """The smallest rectangle (x0, y0, x1, y1), ends excluded, around all patches."""
        patches = self.all_patches()
        if not patches:
            return None
        return (
            min(p.x for p in patches),
            min(p.y for p in patches),
            max(p.x + p.rgba.shape[1] for p in patches),
            max(p.y + p.rgba.shape[0] for p in patches),
        )
