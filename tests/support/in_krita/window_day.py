"""A day's work in Krita's window, with mouse and keys: what goes wrong in the wrong order.

The window is 815 lines high, as on a small laptop.  The parts are in the files `day_*.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import handtint_probe as probe
from day_answers import answers_that_keep, help_opens_our_page
from day_compare import compare_ends, saved_while_compared
from day_docker import first_look, looking, messages
from day_fronts import answers_elsewhere, other_answers_elsewhere
from day_meanwhile import asked_while_a_question_is_open, work_goes_on
from day_page import keys_of_the_page
from day_painting import (
    hints_and_undo,
    overlay_follows,
    slider_is_followed,
    suggestions,
    wrong_places,
)
from day_pictures import a_png_that_says_more, changed_photo, one_result, two_pictures
from handtint.core import core
from handtint.dialogs import PaintQuestion, PngQuestion
from handtint.qt import QtWidgets
from window_run import APP

PARTS = (
    first_look,
    one_result,
    hints_and_undo,
    wrong_places,
    changed_photo,
    two_pictures,
    suggestions,
    overlay_follows,
    slider_is_followed,
    looking,
    compare_ends,
    saved_while_compared,
    messages,
    a_png_that_says_more,
    help_opens_our_page,
    answers_that_keep,
    answers_elsewhere,
    other_answers_elsewhere,
    work_goes_on,
    asked_while_a_question_is_open,
    keys_of_the_page,
)


def steps() -> Iterator[Any]:
    """All parts; where one fails the others are tried all the same."""
    import traceback

    core().keep_settings(core().settings.__class__(convert_gray="always"))
    APP.activeWindow().qwindow().showMaximized()
    yield 2500
    wanted = os.environ.get("HANDTINT_TEST_CASE", "")
    for part in PARTS:
        if wanted not in part.__name__:
            continue
        print("PART", part.__name__, flush=True)
        try:
            yield from part()
            probe.CASES[part.__name__] = "ok"
        except Exception:
            probe.CASES[part.__name__] = traceback.format_exc()
            print(probe.CASES[part.__name__], flush=True)
            probe.screenshot("failure-" + part.__name__)
        for dialog in QtWidgets.QApplication.topLevelWidgets():
            if isinstance(dialog, (PaintQuestion, PngQuestion)) and dialog.isVisible():
                dialog.reject()
        yield 300
