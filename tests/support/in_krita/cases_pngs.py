"""PNG files that say by chunks what their codes mean, opened and colorized in Krita."""

from __future__ import annotations

import json
import os
from typing import Any

from handtint import meant, nodes, spaces
from handtint.memory import Memory
from handtint.results import gray_to_rgb
from harness import OUT
from pictures import APP, colorize, hint_layer, paint, raw

NAMES = json.loads(os.environ.get("HANDTINT_TEST_NAMES", "[]"))
BROWN = (30, 60, 120, 255)


def opened(name: str) -> Any:
    """A file in Krita, in RGB as Colorize Layer makes it."""
    made = APP.openDocument(str(OUT / f"{name}.png"))
    made.setBatchmode(True)
    assert made.colorModel() != "GRAYA" or gray_to_rgb(made)
    made.waitForDone()
    return made


def case_colors_are_those_of_the_command_line():
    for name in NAMES:
        made = opened(name)
        color = meant.of_document(made)
        if color is not None:
            assert color.profile, color
            assert meant.show_as_meant(made, color), name
            assert meant.of_document(made) is None, "it would be asked about again"
        photo = made.topLevelNodes()[0]
        rect = (0, 0, made.width(), made.height())
        result = colorize(made, photo)
        converter = spaces.Converter(spaces.space_of(result), spaces.SRGB_8)
        (OUT / f"{name}.bgra").write_bytes(converter.convert(raw(result, rect), *rect[2:]))
        assert (color is None) == (name in ("plain", "srgb")), (name, color)


def case_values_and_hints_stay():
    made = opened("linear")
    photo = made.topLevelNodes()[0]
    hints = hint_layer(made, photo)
    empty = hint_layer(made, photo)
    box = (20, 20, 30, 10)
    paint(made, hints, box, BROWN)
    rect = (0, 0, made.width(), made.height())
    before = raw(photo, rect)
    color = meant.of_document(made)
    assert meant.show_as_meant(made, color)
    assert made.colorProfile() == color.name
    assert raw(photo, rect) == before
    assert spaces.space_of(hints) == spaces.space_of(empty) == spaces.SRGB_8
    assert raw(hints, box) == bytes(BROWN) * 300


def case_the_profile_is_saved_with_the_picture():
    made = opened("linear")
    color = meant.of_document(made)
    assert meant.show_as_meant(made, color)
    path = str(OUT / "saved.kra")
    assert made.saveAs(path)
    made.waitForDone()
    made.close()
    again = APP.openDocument(path)
    again.setBatchmode(True)
    assert again.colorProfile() == color.name
    assert spaces.profile_bytes(spaces.space_of(again.topLevelNodes()[0])) == color.profile


def case_what_the_user_wants_is_remembered():
    made = opened("linear")
    assert meant.of_document(made) is not None
    Memory(made).keep_as_shown()
    assert meant.of_document(made) is None
    assert not meant.note_of(made)


def case_high_dynamic_range_is_told():
    made = opened("hdr")
    assert "PQ" in meant.note_of(made)
    assert nodes.alive(made)
    assert not meant.note_of(opened("plain"))
