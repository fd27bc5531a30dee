"""Cases that run inside Krita: documents in other colour spaces, and what the ways cost.

The yardstick is Krita's own conversion to sRGB, in floats, of the source and of the result:
their L* has to agree.  What each space loses goes into the values of the run and from there
into docs/krita.md.
"""

from __future__ import annotations

import numpy as np
from handtint import commands, pace, spaces
from handtint.qt import QtCore
from handtint.settings import Settings
from harness import VALUES, run, session, wait
from pictures import (
    APP,
    HEIGHT,
    LINEAR,
    NUMPY,
    RECT,
    SEEN,
    SRGB,
    WIDTH,
    chroma,
    codes,
    colorize,
    document,
    in_srgb,
    lightness,
    names,
    raw,
)

ADOBE = "ClayRGB-elle-V2-g22.icc"


def _gray_layer(made):
    """A gray photo in a document of any space, made by Krita from sRGB floats."""
    pixels = np.ones((HEIGHT, WIDTH, 4), "<f4")
    pixels[..., :3] = codes()[..., None]
    source = spaces.Space("RGBA", "F32", SRGB)
    target = spaces.space_of_document(made)
    converter = spaces.Converter(source, target)
    native = converter.convert(pixels.tobytes(), WIDTH, HEIGHT)
    node = made.createNode("Photo", "paintlayer")
    node.setPixelData(QtCore.QByteArray(native), *RECT)
    made.rootNode().addChildNode(node, None)
    made.waitForDone()
    made.refreshProjection()
    return node, native


def _measure(model, depth, profile, mean, worst, name="", **settings):
    """Colorize; L* of the result against the source's; bars on mean and worst error."""
    made = document(model, depth, profile)
    node, native = _gray_layer(made)
    new = colorize(made, node, **settings)
    assert names(made) == ["Photo", "Photo (colorized)"]
    assert raw(node) == native, "the source was changed"
    assert spaces.space_of(new) == spaces.space_of_document(made)
    before, after = in_srgb(node), in_srgb(new)
    off = np.abs(lightness(after) - lightness(before))
    key = name or f"{model} {depth} {made.colorProfile()}"
    VALUES.setdefault("lightness error", {})[key] = {
        "mean": round(float(off.mean()), 4),
        "worst": round(float(off.max()), 4),
        "colour": round(float(chroma(after).mean()), 3),
    }
    print(key, VALUES["lightness error"][key], flush=True)
    assert chroma(after).mean() > 0.01, "no colour"
    assert off.mean() <= mean, off.mean()
    assert off.max() <= worst, off.max()
    made.close()


def case_rgb_with_other_profiles_by_the_server():
    for profile in (ADOBE, LINEAR):
        for depth, mean, worst in (
            ("U8", 0.35, 1.6),
            ("U16", 0.01, 0.05),
            ("F16", 0.05, 0.4),
            ("F32", 0.001, 0.01),
        ):
            if depth == "U8" and profile == LINEAR:
                mean, worst = 0.9, 3.0  # 8 bits of linear light are coarse in the shadows
            _measure("RGBA", depth, profile, mean, worst)


def case_rgb_with_other_profiles_by_krita():
    native = spaces.profile_bytes
    try:
        for profile in (ADOBE, LINEAR):
            for depth, mean, worst in (("U8", 0.9, 3.0), ("U16", 0.02, 0.3), ("F32", 0.02, 0.1)):
                space = spaces.Space("RGBA", depth, profile)
                spaces._profiles[space] = None  # as if Krita did not give the profile
                try:
                    _measure("RGBA", depth, profile, mean, worst, f"in Krita: {depth} {profile}")
                finally:
                    del spaces._profiles[space]
    finally:
        assert native is spaces.profile_bytes


def case_lab():
    for depth in APP.colorDepths("LABA"):
        if depth in NUMPY:
            # The worst pixels are dark and saturated, where rounding weighs most.
            bars = {"U8": (0.4, 1.5), "U16": (0.02, 0.3), "F16": (0.1, 0.5)}.get(depth, (0.02, 0.3))
            _measure("LABA", depth, "", *bars)


def case_cmyk():
    for depth in APP.colorDepths("CMYKA"):
        if depth in NUMPY:
            # A plain conversion by Krita is off by 1.9 on average, 4.3 at worst.
            # What ink cannot give has no bar; calm colours it can.
            _measure("CMYKA", depth, "", 0.45, 15.0, f"CMYKA {depth}, calm", vividness=0.0)
            _measure("CMYKA", depth, "", 100.0, 100.0, f"CMYKA {depth}")


def case_a_profile_of_its_own_comes_out_of_krita():
    for space in (
        spaces.Space("RGBA", "U8", ADOBE),
        spaces.Space("RGBA", "U16", LINEAR),
        spaces.Space("CMYKA", "U8", "Chemical proof"),
    ):
        data = spaces.profile_bytes(space)
        assert data is not None, space
        assert data[36:40] == b"acsp", space
    assert spaces.profile_bytes(spaces.Space("RGBA", "U8", "no such profile")) is None


def case_a_profile_that_the_server_refuses_is_converted_in_krita():
    space = spaces.Space("RGBA", "U8", ADOBE)
    spaces._profiles[space] = b"not a profile" * 20
    try:
        made = document("RGBA", "U8", ADOBE)
        node, _ = _gray_layer(made)
        run(commands.colorize(made, node, session(), Settings(), SEEN))
        assert names(made) == ["Photo", "Photo (colorized)"]
    finally:
        del spaces._profiles[space]


def case_scratch_documents_do_not_stay():
    spaces.SCRATCH.close()
    before = len(APP.documents())
    converter = spaces.Converter(spaces.Space("RGBA", "U16", ADOBE), spaces.SRGB_8)
    converter.convert(bytes(8 * 16), 4, 4)
    spaces.new_layer("x", spaces.SRGB_8)
    assert len(APP.documents()) == before + 1, "one for all conversions"
    wait(lambda: len(APP.documents()) == before)


def case_conversions_take_many_rows_at_once():
    """A conversion costs milliseconds however few rows it has: row by row took minutes."""
    rows = []
    real = spaces.Converter.convert

    def counted(self, pixels, width, height):
        if (width, height) != (1, 1):
            rows.append(height)
        return real(self, pixels, width, height)

    spaces.Converter.convert = counted
    try:
        for model, depth in (("CMYKA", "U8"), ("CMYKA", "F32"), ("LABA", "U16")):
            made = document(model, depth, "")
            node, _ = _gray_layer(made)
            rows.clear()
            colorize(made, node)
            whole = [number for number in rows if number >= pace.CONVERT_LEAST]
            assert sum(whole) >= HEIGHT, rows
            assert len(rows) - len(whole) <= 8, rows  # the last strip of each way
            made.close()
    finally:
        spaces.Converter.convert = real
