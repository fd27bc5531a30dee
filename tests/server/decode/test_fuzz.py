"""Fuzzing of what meets foreign bytes: multipart, pictures, hints, JSON.

Short here; ten minutes and more with

    HANDTINT_FUZZ_EXAMPLES=20000 python -m pytest tests/server/decode/test_fuzz.py --timeout 7200

Inputs start from the seeds in tests/data/fuzz and are cut, spliced and changed.  Whatever
comes in, the answer is a value or a `Problem` (or an error of the model that becomes one).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handtint_server.api.errors import problem_from
from handtint_server.api.schemas import ColorizeRequest, SuggestRequest, UncertaintyRequest
from handtint_server.api.validation import PARTS, validate
from handtint_server.decode import hints, photo, profiles
from handtint_server.http import multipart
from handtint_server.http.multipart import Part
from handtint_server.http.problem import CODES, Problem

pytestmark = pytest.mark.slow

SEEDS = Path(__file__).parents[2] / "data" / "fuzz"
EXAMPLES = int(os.environ.get("HANDTINT_FUZZ_EXAMPLES", "60"))
LIMIT = 1_000_000  # pixels: the fuzz is to find faults, not to fill the memory

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES < 1000,
    database=None,
)


def seeds(*endings: str) -> list[bytes]:
    found = [p.read_bytes() for p in sorted(SEEDS.iterdir()) if p.name.endswith(endings)]
    assert found, endings
    return found


@st.composite
def changed(draw: st.DrawFn, start: list[bytes]) -> bytes:
    """A seed with bytes changed, cut out, doubled, or spliced with another one."""
    data = bytearray(draw(st.sampled_from(start)))
    for _ in range(draw(st.integers(0, 6))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.sampled_from(["byte", "cut", "insert", "double", "splice", "end", "word"]))
        if kind == "byte":
            data[at] = draw(st.integers(0, 255))
        elif kind == "word":
            word = draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
            order = draw(st.sampled_from(["big", "little"]))
            data[at : at + 4] = word.to_bytes(4, order)  # type: ignore[arg-type]
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=32))
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        elif kind == "splice":
            data[at:] = draw(st.sampled_from(start))[at:]
        else:
            del data[at:]
    return bytes(data)


def call(function: Any, *arguments: Any) -> Any:
    """The value, or None for an error that becomes a 4xx answer."""
    try:
        return function(*arguments)
    except Exception as error:
        problem = problem_from(error)
        if problem is None:
            raise
        assert 400 <= CODES[problem.code] < 500, problem.detail
        assert problem.detail.endswith((".", "!", "?"))
        assert "Traceback" not in problem.detail
        return None


def report(stage: str, fraction: float) -> None:
    assert stage == "decode"
    assert -1e-6 <= fraction <= 1 + 1e-6


@given(data=changed(seeds(".png", ".jpg", ".webp", ".tif")))
@fuzz
def test_pictures(data: bytes) -> None:
    part = Part("image", "", memoryview(data))
    decoded = call(photo.from_file, part, LIMIT, report)
    if decoded is not None:
        assert decoded.luminance.ndim == 2
        assert 0 < decoded.luminance.size <= LIMIT
        assert decoded.alpha is None or decoded.alpha.shape == decoded.luminance.shape


@given(data=changed(seeds(".multipart")))
@fuzz
def test_multipart(data: bytes) -> None:
    parts = call(multipart.parse, memoryview(data), b"x1", PARTS)
    if parts is not None:
        assert set(parts) <= PARTS
        assert sum(len(p.data) for p in parts.values()) <= len(data)


@given(data=st.binary(max_size=300))
@fuzz
@example(data=b"--x1--")
@example(data=b"--x1\r\n\r\n")
def test_multipart_of_nothing(data: bytes) -> None:
    call(multipart.parse, memoryview(data), b"x1", PARTS)
    call(multipart.parse, memoryview(b"--x1\r\n" + data), b"x1", PARTS)


@given(value=st.text(max_size=80))
@fuzz
def test_content_types(value: str) -> None:
    kind, parameters = multipart.content_type_of(value)
    assert kind == kind.lower()
    call(multipart.boundary_of, parameters)


@given(data=changed(seeds(".json")), model=st.sampled_from([0, 1, 2]))
@fuzz
def test_json(data: bytes, model: int) -> None:
    kind = (ColorizeRequest, SuggestRequest, UncertaintyRequest)[model]
    wanted: Any = call(validate, memoryview(data), kind)
    if wanted is not None:
        assert 0 <= wanted.vividness <= 1
        call(
            hints.read_hints,
            None,
            wanted.hints and wanted.hints.crop(),
            wanted.discs(),
            (30, 30),
            LIMIT,
        )


@given(
    data=changed(seeds(".zlib", ".png", ".raw")),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    encoding=st.sampled_from(["raw", "zlib"]),
    x=st.integers(-(2**31) + 1, 2**31 - 1),
)
@fuzz
def test_hints(data: bytes, width: int, height: int, encoding: str, x: int) -> None:
    fields = {"x": x, "y": 0, "width": width, "height": height, "encoding": encoding}
    part = Part("hints", "", memoryview(data))
    for crop in (fields, {"x": x}):
        described = ColorizeRequest.model_validate({"hints": crop}).hints
        assert described is not None
        read = call(hints.read_hints, part, described.crop(), [], (30, 30), LIMIT)
        if read is not None:
            assert all(p.rgba[..., 3].any() for p in read.patches)
    mask = SuggestRequest.model_validate({"mask": {**fields, "x": x % 50}}).mask
    assert mask is not None
    call(hints.read_mask, part, mask.crop(), (30, 30), LIMIT)


@given(data=changed(seeds(".icc")), layout=st.sampled_from(["Y", "YA", "RGB", "BGRA"]))
@fuzz
def test_profiles(data: bytes, layout: str) -> None:
    import numpy as np

    space = call(profiles.space_of, layout, Part("profile", "", memoryview(data)))
    if space is not None:
        channels = len(layout.rstrip("A"))
        colors = np.full((4, 4, channels), 77, np.uint8)
        plane = call(space.luminance, colors)
        assert plane is None or plane.shape == (4, 4)
        rgb = np.full((4, 4, 3), 30000, np.uint16)
        call(space.from_srgb, rgb, np.dtype(np.uint8))


@given(
    data=st.binary(max_size=200),
    width=st.integers(1, 12),
    height=st.integers(1, 12),
    dtype=st.sampled_from(["u8", "u16", "f16", "f32"]),
    layout=st.sampled_from(["Y", "YA", "RGB", "RGBA", "BGR", "BGRA"]),
)
@fuzz
def test_planes(data: bytes, width: int, height: int, dtype: str, layout: str) -> None:
    described = {"width": width, "height": height, "dtype": dtype, "layout": layout}
    raw = ColorizeRequest.model_validate(described).raw_format
    assert raw is not None
    data = (data * (raw.size // max(len(data), 1) + 1))[: raw.size]
    part = Part("plane", "", memoryview(bytearray(data)))
    decoded = call(photo.from_plane, raw, part, None, LIMIT, report, len(data))
    if decoded is not None:
        assert decoded.luminance.shape == (height, width)


def test_a_problem_is_always_a_sentence() -> None:
    for code in CODES:
        problem = Problem(code, "A sentence.")
        assert problem.body().startswith(b'{"type": "about:blank"')
        with pytest.raises(Problem):
            raise problem
