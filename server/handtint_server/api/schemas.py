"""Wire schemas: the JSON of requests and answers, as docs/http-api.md describes it.

These models validate what comes in and are the source of ``/openapi.json``; nothing else
describes the wire.  Unknown fields, NaN and infinity are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ..decode.fences import Box
from ..decode.hints import Crop, Disc
from ..decode.raw_pixels import LAYOUTS, RawFormat
from ..model import ALTERNATIVES, RENDER_SIZES, THUMBNAIL_SIZES, ColorizeOptions

MAX_SIDE = 1_000_000
MAX_POINTS = 10_000
MAX_REQUEST_JSON = 2 << 20
"""Bytes of the part `request`, or of a JSON body."""
MAX_COORDINATE = 2**31 - 1
MAX_FENCES = 32
"""Each is a coloring of its own inside its mask."""

IMAGE_ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
REQUEST_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

_DEFAULTS = ColorizeOptions()

ImageId = Annotated[str, StringConstraints(pattern=IMAGE_ID_PATTERN)]
RequestId = Annotated[str, StringConstraints(pattern=REQUEST_ID_PATTERN)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Offset = Annotated[int, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Start = Annotated[int, Field(ge=0, le=MAX_SIDE)]
Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Dtype = Literal["u8", "u16", "f16", "f32"]
Layout = Literal["Y", "YA", "RGB", "RGBA", "BGR", "BGRA"]
AnswerLayout = Literal["RGB", "RGBA", "BGR", "BGRA"]
CropEncoding = Literal["raw", "zlib"]


class Wire(BaseModel):
    """Base of everything on the wire: strict types, no unknown fields, finite numbers."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, ser_json_inf_nan="null"
    )


class HintCrop(Wire):
    """Where part `hints` lies in the photo and, for a raw crop, how it is stored."""

    x: Offset = 0
    y: Offset = 0
    width: Side | None = None
    height: Side | None = None
    layout: Literal["RGBA", "BGRA"] = "RGBA"
    encoding: CropEncoding = "raw"

    @model_validator(mode="after")
    def _whole_size(self) -> HintCrop:
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height of hints come together")
        return self

    def crop(self) -> Crop:
        """For `decode.hints`."""
        return Crop(**self.model_dump())


class MaskCrop(Wire):
    """Where part `mask` lies in the photo and how it is stored."""

    x: Offset = 0
    y: Offset = 0
    width: Side
    height: Side
    encoding: CropEncoding = "raw"

    def crop(self) -> Crop:
        """For `decode.hints`."""
        return Crop(**self.model_dump())


class FenceBox(Wire):
    """Where a mask of part `within` lies in the photo, and whether painted pixels follow it."""

    x: Offset = 0
    y: Offset = 0
    width: Side
    height: Side
    paint: bool = True


class Within(Wire):
    """What part `within` holds: for each mask one byte a pixel, then its RGBA paint."""

    masks: Annotated[list[FenceBox], Field(min_length=1, max_length=MAX_FENCES)]
    encoding: CropEncoding = "raw"

    def boxes(self) -> list[Box]:
        """For `decode.fences`."""
        return [Box(m.x, m.y, m.width, m.height, m.paint) for m in self.masks]


class Point(Wire):
    """A painted disc; within: the number of the mask that it is kept inside, from 0."""

    x: Coordinate
    y: Coordinate
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
    radius: Annotated[float, Field(ge=0.5, le=1000)] = 4.0
    within: Annotated[int, Field(ge=0, lt=MAX_FENCES)] | None = None


class PhotoRequest(Wire):
    """What `colorize`, `suggest` and `uncertainty` share: the photo, hints and options."""

    request_id: RequestId | None = None
    image_id: ImageId | None = None
    width: Side | None = None
    height: Side | None = None
    dtype: Dtype | None = None
    layout: Layout | None = None
    channels: Literal["Y", "RGB"] | None = None
    hints: HintCrop | None = None
    points: Annotated[list[Point], Field(max_length=MAX_POINTS)] = []
    within: Within | None = None
    vividness: Annotated[float, Field(ge=0, le=1)] = _DEFAULTS.vividness
    strength: Annotated[float, Field(ge=0, le=1)] = _DEFAULTS.strength
    render_size: Annotated[int, Field(ge=RENDER_SIZES[0], le=RENDER_SIZES[1])] = (
        _DEFAULTS.render_size
    )

    @model_validator(mode="after")
    def _consistent(self) -> PhotoRequest:
        raw = (self.width, self.height, self.dtype, self.layout or self.channels)
        if any(v is not None for v in raw):
            if self.image_id is not None:
                raise ValueError("image_id says all about the photo: leave out width, height, "
                                 "dtype, layout and channels")  # fmt: skip
            if any(v is None for v in raw):
                raise ValueError("width, height, dtype and layout come together")
        if self.layout and self.channels and LAYOUTS[self.layout] != self.channels:
            raise ValueError(f"layout {self.layout} does not hold channels {self.channels}")
        return self

    @property
    def raw_format(self) -> RawFormat | None:
        """What the part `plane` holds, or None if the request describes none."""
        layout = self.layout or self.channels
        if self.width is None or self.height is None or self.dtype is None or layout is None:
            return None
        return RawFormat(self.width, self.height, self.dtype, layout)

    def discs(self) -> list[Disc]:
        """The points, for `decode.hints`."""
        return [Disc(p.x, p.y, p.color, p.radius, p.within) for p in self.points]


class ColorizeRequest(PhotoRequest):
    """`POST /v1/colorize`."""

    output: Literal["png", "jpeg", "tiff", "webp", "raw"] = "png"
    answer_layout: AnswerLayout = "RGB"
    answer_profile: Literal["srgb", "source"] = "srgb"
    region: Annotated[list[Start], Field(min_length=4, max_length=4)] | None = None
    mark: bool = True
    alternative: Annotated[int, Field(ge=0, le=ALTERNATIVES - 1)] = _DEFAULTS.alternative

    @model_validator(mode="after")
    def _raw_only(self) -> ColorizeRequest:
        if self.output != "raw" and self.answer_profile != "srgb":
            raise ValueError("answer_profile is for output raw only")
        return self


class AlternativesRequest(PhotoRequest):
    """`POST /v1/alternatives`."""

    n: Annotated[int, Field(ge=1, le=ALTERNATIVES)] = ALTERNATIVES
    size: Annotated[int, Field(ge=THUMBNAIL_SIZES[0], le=THUMBNAIL_SIZES[1])] = 256
    output: Literal["raw", "png"] = "raw"


class SuggestRequest(PhotoRequest):
    """`POST /v1/suggest`."""

    point: Annotated[list[Coordinate], Field(min_length=2, max_length=2)] | None = None
    mask: MaskCrop | None = None
    n: Annotated[int, Field(ge=1, le=32)] = 9

    @model_validator(mode="after")
    def _one_place(self) -> SuggestRequest:
        if (self.point is None) == (self.mask is None):
            raise ValueError("give exactly one of point and mask")
        return self


class UncertaintyRequest(PhotoRequest):
    """`POST /v1/uncertainty`."""

    output: Literal["raw", "png"] = "raw"
    map_dtype: Literal["u8", "f32"] = "u8"


class SuggestionModel(Wire):
    """A likely colour: `color` in sRGB, `ab` in CIE Lab."""

    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
    ab: Annotated[list[float], Field(min_length=2, max_length=2)]
    probability: Annotated[float, Field(ge=0, le=1)]


class SuggestAnswer(Wire):
    """Likely colours, likeliest first."""

    image_id: ImageId
    suggestions: list[SuggestionModel]


class RequestState(Wire):
    """Where a request stands."""

    request_id: RequestId
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    stage: str
    fraction: Annotated[float, Field(ge=0, le=1)]


class Health(Wire):
    """Whether the server can work."""

    status: Literal["ready", "loading", "busy", "failed", "stopping"]
    api: int
    version: str
    instance: str


class EngineInfo(Wire):
    """One device."""

    device: str
    name: str
    state: Literal["loading", "ready", "busy", "unloaded", "failed"]
    problem: str


class WeightsInfo(Wire):
    """The weights in use; empty before the first load."""

    id: str
    record: dict[str, Any]


class Defaults(Wire):
    """What holds where a request says nothing."""

    vividness: float
    strength: float
    render_size: int


class LimitsInfo(Wire):
    """Limits in force."""

    body_bytes: int
    pixels: int
    hint_pixels: int
    points: int
    parts: int
    request_bytes: int


class CacheInfo(Wire):
    """The photo cache."""

    photos: int
    bytes: int
    limit_bytes: int


class QueueInfo(Wire):
    """Requests that hold a place."""

    running: int
    waiting: int
    places: int


class Info(Wire):
    """`GET /v1/info`."""

    version: str
    api: int
    engines: list[EngineInfo]
    kernels: Literal["", "numba", "numpy"]
    weights: WeightsInfo
    defaults: Defaults
    limits: LimitsInfo
    cache: CacheInfo
    queue: QueueInfo


class FieldError(Wire):
    """One fault of a request's JSON."""

    field: str
    message: str


class ProblemModel(BaseModel):
    """RFC 9457 problem details; members may be added."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None
    retry_after: int | None = None
