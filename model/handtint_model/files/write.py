"""Store a colorized photo: in the source's format, depth and profile, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ..errors import BadOption, WriteFailed
from ..types import Plane, Progress
from . import formats, icc
from .embed import embed_bytes, embed_file
from .formats import Format
from .header import srgb_profile
from .kept import PhotoMeta, fitted
from .target import TEMPORARY_SUFFIX, put_in_place, reason, remove_stale, temporary_beside

JPEG_QUALITY = 95  # no chroma subsampling: colour ends where objects end
WEBP_QUALITY = 95
_STRIP_PIXELS = 1 << 20
_DEFAULT_RESOLUTION = 72 / 25.4  # pixels per mm; what most programs assume
_DTYPES: dict[int, np.dtype[Any]] = {
    8: np.dtype(np.uint8),
    16: np.dtype(np.uint16),
    32: np.dtype(np.float32),
}
_CLASSIC_TIFF_BYTES = 2**32 - 2**26  # in larger files, 32-bit offsets may not reach
__all__ = ["TEMPORARY_SUFFIX", "check_target", "notes_on", "write_photo"]


def write_photo(
    target: str | Path | None,
    rgb: NDArray[Any],
    meta: PhotoMeta | None = None,
    *,
    alpha: Plane | None = None,
    format: str | None = None,
    progress: Progress | None = None,
) -> bytes | None:
    """Store a result; to a path, or, with target None, as the bytes that are returned.

    rgb: (H, W, 3) uint8, uint16 or float32, sRGB codes, upright.
    meta: the source's, from `read_photo`; its depth and profile decide how it is stored.
    alpha: (H, W) of the same dtype.  format: "png", "jpeg", "webp" or "tiff"; otherwise
    what the target's extension says, or the source's format.
    progress: called with "write" and 0..1; may raise Cancelled.

    The file gets its name only when it is complete, replacing one of that name; after an
    error or interruption there is none.  Raises BadOption for a target that cannot hold
    the result, WriteFailed if it cannot be written.
    """
    meta = meta or PhotoMeta()
    path = Path(target) if target is not None else None
    kind = _choose_format(path, meta, format)
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype not in _DTYPES.values():
        raise BadOption(
            f"a result is (H, W, 3) uint8, uint16 or float32, not {rgb.shape} {rgb.dtype}."
        )
    if alpha is not None and (alpha.shape != rgb.shape[:2] or alpha.dtype != rgb.dtype):
        raise BadOption("alpha must have the size and depth of the result.")
    if alpha is not None and not kind.alpha and _is_opaque(alpha):
        alpha = None
    _check(kind, rgb.shape[1], rgb.shape[0], transparent=alpha is not None)
    image, meta = _to_stored(rgb, alpha, meta, kind)
    try:
        return _save(image, path, kind, meta, progress)
    except (OSError, pyvips.Error) as error:
        raise WriteFailed(f"the result cannot be written: {reason(error, path)}.") from error


def check_target(
    target: str | Path | None,
    size: tuple[int, int],
    meta: PhotoMeta,
    *,
    alpha: Plane | None = None,
    format: str | None = None,
) -> None:
    """Raise BadOption for a target that cannot hold a result, before the result is made.

    size: its width and height.  The other arguments are those of `write_photo`.
    """
    kind = _choose_format(Path(target) if target is not None else None, meta, format)
    transparent = alpha is not None and not kind.alpha and not _is_opaque(alpha)
    _check(kind, *size, transparent=transparent)


def notes_on(
    target: str | Path | None, meta: PhotoMeta, format: str | None = None
) -> tuple[str, ...]:
    """Sentences on what the photo says of itself and a target cannot hold."""
    kind = _choose_format(Path(target) if target is not None else None, meta, format)
    return fitted(meta, kind).left_out


def _check(kind: Format, width: int, height: int, *, transparent: bool) -> None:
    if transparent and not kind.alpha:
        raise BadOption(f"{kind.title} holds no transparency; choose PNG, WebP or TIFF.")
    most = {"webp": 16383, "jpeg": 65500}.get(kind.name)
    if most is not None and max(width, height) > most:
        raise BadOption(f"{kind.title} holds at most {most} x {most} pixels; choose PNG or TIFF.")


def _is_opaque(alpha: Plane) -> bool:
    top = 1.0 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
    return bool((alpha >= top).all())


def _choose_format(path: Path | None, meta: PhotoMeta, name: str | None) -> Format:
    if name is not None:
        return formats.by_name(name)
    if path is not None and path.suffix:
        return formats.by_extension(path)
    return formats.by_name(meta.format)


def _to_stored(
    rgb: NDArray[Any], alpha: Plane | None, meta: PhotoMeta, kind: Format
) -> tuple[Any, PhotoMeta]:
    """The libvips image to save, in the stored profile and depth, and what describes it."""
    bits = {1: 8, 2: 16, 4: 32}[rgb.dtype.itemsize]
    depth = min(meta.depth, bits)
    depth = max((d for d in kind.depths if d <= depth), default=kind.depths[0])
    dtype = _DTYPES[depth]
    profile = icc.parse(meta.profile) if meta.profile else None
    convert: Any = None
    if profile is not None and not profile.is_srgb:
        if profile.holds_srgb:
            convert = icc.FromSrgb(profile, rgb.dtype, dtype)
        else:
            meta = replace(meta, profile=srgb_profile())
    elif profile is None and meta.profile:
        meta = replace(meta, profile=srgb_profile())
    if convert is None and dtype != rgb.dtype:
        convert = _Depth(rgb.dtype, dtype)
    stored = np.ascontiguousarray(rgb) if convert is None else _by_strips(rgb, dtype, convert)
    image = _image_of(stored, "rgb16" if depth == 16 else "srgb")
    if alpha is not None:
        plane = alpha if dtype == alpha.dtype else _Depth(alpha.dtype, dtype)(alpha)
        image = image.bandjoin(_image_of(np.ascontiguousarray(plane)[..., None], "b-w"))
    return image, meta


def _by_strips(rgb: NDArray[Any], dtype: np.dtype[Any], convert: Any) -> NDArray[Any]:
    out = np.empty(rgb.shape, dtype)
    rows = max(1, _STRIP_PIXELS // rgb.shape[1])
    for y in range(0, rgb.shape[0], rows):
        out[y : y + rows] = convert(rgb[y : y + rows])
    return out


class _Depth:
    """Converts codes of one depth to the nearest of another."""

    def __init__(self, source: np.dtype[Any], target: np.dtype[Any]) -> None:
        self.target = target
        self.top = np.iinfo(target).max if target.kind == "u" else 1.0
        self.table: NDArray[Any] | None = None
        if source.kind == "u":
            codes = np.arange(np.iinfo(source).max + 1) / np.iinfo(source).max
            self.table = self._store(codes)

    def __call__(self, codes: NDArray[Any]) -> NDArray[Any]:
        return self._store(codes) if self.table is None else np.asarray(np.take(self.table, codes))

    def _store(self, codes: NDArray[Any]) -> NDArray[Any]:
        if self.target.kind == "f":
            return codes.astype(self.target)
        scaled = np.rint(np.clip(codes, 0.0, 1.0) * self.top)
        return np.asarray(scaled, self.target)


def _image_of(array: NDArray[Any], interpretation: str) -> Any:
    """A libvips image that uses the array's memory without a copy."""
    height, width, bands = array.shape
    form = {1: "uchar", 2: "ushort", 4: "float"}[array.dtype.itemsize]
    image = pyvips.Image.new_from_memory(array.data, width, height, bands, form)
    return image.copy(interpretation=interpretation)


def _described(image: Any, meta: PhotoMeta) -> Any:
    """Attach what libvips itself writes: ICC profile and resolution."""
    resolution = meta.resolution
    xres = yres = _DEFAULT_RESOLUTION
    if resolution is not None and resolution.unit:
        xres, yres = resolution.per_millimeter()
    image = image.copy(xres=xres, yres=yres)
    image.set_type(
        pyvips.GValue.gstr_type, "resolution-unit", resolution.unit if resolution else "in"
    )
    if meta.profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", meta.profile)
    return image


@cache
def _knows_exact() -> bool:
    """Whether this libvips can keep a WebP's colors where nothing is seen."""
    return "exact" in pyvips.Introspect.get("webpsave_buffer").optional_input


def _options(kind: Format, meta: PhotoMeta, image: Any) -> dict[str, Any]:
    if kind.name == "jpeg":
        return {"Q": JPEG_QUALITY, "subsample_mode": "off", "optimize_coding": True}
    if kind.name == "webp":
        # Colors under alpha 0 stay; an older libvips of the system does not know the option.
        exact = {"exact": True} if _knows_exact() else {}
        if meta.compression == "lossless":
            return {"lossless": True, **exact}
        return {"Q": WEBP_QUALITY, "smart_subsample": True, **exact}
    if kind.name == "png":
        return {"compression": 3, "filter": "up"}
    compression = meta.compression if meta.format == "tiff" else "deflate"
    options: dict[str, Any] = {"compression": compression or "deflate"}
    if options["compression"] != "none":
        options["predictor"] = "float" if str(image.format) == "float" else "horizontal"
    sample = {"uchar": 1, "ushort": 2}.get(str(image.format), 4)
    if image.width * image.height * image.bands * sample > _CLASSIC_TIFF_BYTES:
        options["bigtiff"] = True
    return options


def _save(
    image: Any, path: Path | None, kind: Format, meta: PhotoMeta, progress: Progress | None
) -> bytes | None:
    image = _described(image, meta)
    options = {**_options(kind, meta, image), "keep": "icc"}
    blocks = fitted(meta, kind)
    size = (image.width, image.height)
    with _watched(image, progress):
        if path is None:
            data = bytes(pyvips.Operation.call(f"{kind.name}save_buffer", image, **options))
            return embed_bytes(data, kind, blocks, meta.resolution, size)
        remove_stale(path)
        parts = temporary_beside(path), temporary_beside(path)
        try:
            pyvips.Operation.call(f"{kind.name}save", image, os.fsencode(parts[0]), **options)
            complete = embed_file(*parts, kind, blocks, meta.resolution, size)
            put_in_place(complete, path)
        except BaseException:
            for part in parts:
                with contextlib.suppress(OSError):
                    part.unlink()
            raise
    return None


@contextlib.contextmanager
def _watched(image: Any, progress: Progress | None) -> Any:
    """Report libvips' progress; an exception from the caller stops it and is raised again."""
    if progress is None:
        yield
        return
    stopped: list[BaseException] = []

    def report(_: Any, state: Any) -> None:
        try:
            progress("write", state.percent / 100)
        except BaseException as error:
            stopped.append(error)
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", report)
    try:
        yield
    except pyvips.Error:
        if stopped:
            raise stopped[0] from None
        raise
    if stopped:
        raise stopped[0]
