"""Cases that run inside Krita: Colorize Layer on all kinds of layers."""

from __future__ import annotations

import struct

import numpy as np
from handtint import commands, nodes, results
from handtint.client import Dropped, HintCrop, protocol, transport
from handtint.client.driver import Job
from handtint.photos import Empty
from handtint.qt import QtCore, QtWidgets
from handtint.settings import Settings
from harness import OUT, network, session, wait
from pictures import (
    APP,
    HEIGHT,
    LINEAR,
    NUMPY,
    RECT,
    SEEN,
    SRGB,
    WIDTH,
    add_layer,
    chroma,
    codes,
    colorize,
    document,
    gray_rgba,
    hint_layer,
    names,
    nodes_memory,
    paint,
    photo,
    raw,
    read,
    transparency_mask,
)

from krita import Selection

WIRE = {
    "U8": ("u8", "BGRA"),
    "U16": ("u16", "BGRA"),
    "F16": ("f16", "RGBA"),
    "F32": ("f32", "RGBA"),
}
RED = (40, 40, 200, 255)  # BGRA
BLUE = (200, 60, 40, 255)


def asked(pixels, depth="U8", hints=None, **more):
    """What the HTTP API answers for the same plane."""
    dtype, layout = WIRE[depth]
    height, width = pixels.shape[:2]
    plane = protocol.Plane(width, height, dtype, layout, pixels.tobytes())
    options = {"answer_layout": layout, **more}
    answer = transport.run(session().ask(lambda: protocol.colorize(plane, hints, **options)))
    return bytes(protocol.read_picture(answer).data)


def _is_the_servers_answer(depth):
    made = document("RGBA", depth)
    pixels = gray_rgba(codes(), depth)
    node = add_layer(made, pixels)
    new = colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)"], names(made)
    assert raw(new) == asked(pixels, depth)
    assert chroma(read(new, depth).astype(float)).max() > 0.01 * pixels[..., 3].max()
    assert raw(node) == pixels.tobytes(), "the source was changed"
    assert new.blendingMode() == "normal"


def case_u8_is_what_the_server_answers():
    _is_the_servers_answer("U8")


def case_u16_is_what_the_server_answers():
    _is_the_servers_answer("U16")


def case_f16_is_what_the_server_answers():
    _is_the_servers_answer("F16")


def case_f32_is_what_the_server_answers():
    _is_the_servers_answer("F32")


def case_a_layer_in_a_group_gets_its_result_in_the_group():
    made = document()
    photo(made, "Below")
    group = made.createGroupLayer("Group")
    made.rootNode().addChildNode(group, None)
    node = add_layer(made, gray_rgba(codes()), name="Inside", parent=group)
    photo(made, "Above", 7)
    colorize(made, node)
    assert names(made) == ["Below", "Group", "Above"], names(made)
    assert names(made, group) == ["Inside", "Inside (colorized)"], names(made, group)


def case_a_group_is_a_photo_too():
    made = document()
    group = made.createGroupLayer("Group")
    made.rootNode().addChildNode(group, None)
    left, right = codes(48, HEIGHT, 1), codes(48, HEIGHT, 2)
    add_layer(made, gray_rgba(left), 0, 0, "Left", group)
    add_layer(made, gray_rgba(right), 48, 0, "Right", group)
    new = colorize(made, group)
    assert names(made) == ["Group", "Group (colorized)"], names(made)
    assert raw(new) == asked(gray_rgba(np.hstack([left, right])))


def case_layers_beyond_the_canvas_keep_size_and_place():
    for x, y, width, height in ((-40, -25, 200, 150), (30, 50, 20, 70), (150, 20, 60, 60)):
        made = document()
        pixels = gray_rgba(codes(width, height))
        node = add_layer(made, pixels, x, y)
        new = colorize(made, node)
        box = new.bounds()
        assert (box.x(), box.y(), box.width(), box.height()) == (x, y, width, height), box
        assert raw(new, (x, y, width, height)) == asked(pixels)
        assert raw(node, (x, y, width, height)) == pixels.tobytes()
        made.close()


def case_transparent_pixels_stay_and_say_nothing():
    made = document()
    alpha = np.ones((HEIGHT, WIDTH))
    alpha[:, :30] = 0.0
    alpha[:, 30:40] = 0.5
    alpha[:3] = 0.0
    pixels = gray_rgba(codes(), alpha=alpha)
    new = colorize(made, add_layer(made, pixels))
    got = read(new)
    assert (got[..., 3] == pixels[..., 3]).all()
    box = new.bounds()
    assert (box.x(), box.y()) == (30, 3), box


def case_masks_of_the_photo_count():
    made = document()
    node = photo(made)
    mask = transparency_mask(made, node, "mask", (10, 10, 40, 30))
    if mask is None:
        return
    new = colorize(made, mask)  # a mask means its layer
    box = new.bounds()
    assert (box.x(), box.y(), box.width(), box.height()) == (10, 10, 40, 30), box
    assert new.name() == "Photo (colorized)"


def case_a_selection_becomes_the_mask():
    made = document()
    node = photo(made)
    chosen = Selection()
    chosen.select(20, 10, 30, 40, 255)
    chosen.feather(3)
    made.setSelection(chosen)
    new = colorize(made, node)
    masks = new.childNodes()
    if not hasattr(made, "createTransparencyMask"):
        return
    assert [m.type() for m in masks] == ["transparencymask"]
    alpha = np.frombuffer(bytes(masks[0].pixelData(*RECT)), "u1").reshape(HEIGHT, WIDTH)
    wanted = np.frombuffer(bytes(chosen.pixelData(*RECT)), "u1").reshape(HEIGHT, WIDTH)
    assert (alpha == wanted).all()
    assert 0 < alpha[9, 30] < 255, "the feathering is gone"
    assert raw(new) == asked(gray_rgba(codes())), "the whole layer is coloured all the same"
    other = Selection()
    other.select(50, 5, 20, 20, 255)
    made.setSelection(other)
    again = colorize(made, node)
    alpha = np.frombuffer(bytes(again.childNodes()[0].pixelData(*RECT)), "u1")
    assert alpha.sum() == 400 * 255, "the mask is that of the earlier selection"
    made.setSelection(None)
    again = colorize(made, node)
    assert again.childNodes() == [], "the mask of a selection that is gone"
    assert names(made) == ["Photo", "Photo (colorized)"]


def case_a_mask_that_the_user_painted_stays():
    made = document()
    node = photo(made)
    if not hasattr(made, "createTransparencyMask"):
        return
    chosen = Selection()
    chosen.select(20, 10, 30, 40, 255)
    made.setSelection(chosen)
    first = colorize(made, node)
    mask = first.childNodes()[0]
    mask.setPixelData(QtCore.QByteArray(bytes([99]) * 100), 0, 0, 10, 10)
    made.waitForDone()
    made.setSelection(None)
    new = colorize(made, node)
    assert [m.type() for m in new.childNodes()] == ["transparencymask"]
    assert bytes(new.childNodes()[0].pixelData(0, 0, 10, 10)) == bytes([99]) * 100


def case_repeating_replaces_and_keeps_what_the_user_set():
    made = document()
    node = photo(made)
    other = photo(made, "Other", 9)
    first = colorize(made, node, vividness=0.2)
    first.setName("My colours")
    first.setOpacity(140)
    first.setBlendingMode("multiply")
    first.setVisible(False)
    first.setColorLabel(4)
    mask = transparency_mask(made, first, "painted by the user", (0, 0, 50, 50))
    made.waitForDone()
    for active in (node, first):
        new = colorize(made, active, vividness=0.8)
        assert names(made) == ["Photo", "My colours", "Other"], names(made)
        assert raw(new) == asked(gray_rgba(codes()), vividness=0.8)
        kept = (new.opacity(), new.blendingMode(), new.visible(), new.colorLabel())
        assert kept == (140, "multiply", False, 4), kept
        if mask is not None:
            assert [m.name() for m in new.childNodes()] == ["painted by the user"]
        first = new
    assert raw(other) == gray_rgba(codes(seed=9)).tobytes()


def case_repeating_replaces_after_saving_and_reopening():
    made = document()
    node = photo(made)
    hints = hint_layer(made, node)
    paint(made, hints, (30, 30, 10, 10), RED)
    colorize(made, node)
    path = str(OUT / "again.kra")
    assert made.saveAs(path)
    made.close()
    again = APP.openDocument(path)
    again.setBatchmode(True)
    before = names(again)
    assert before == ["Photo", "Photo (colorized)", "Color Hints"], before
    new = colorize(again, again.nodeByName("Color Hints"), vividness=0.9)
    assert names(again) == before, names(again)
    hints_on_wire = HintCrop(30, 30, 10, 10, bytes(RED) * 100, "BGRA")
    assert raw(new) == asked(gray_rgba(codes()), hints=hints_on_wire, vividness=0.9)


def case_a_result_the_user_painted_into_stays():
    made = document()
    node = photo(made)
    first = colorize(made, node)
    paint(made, first, (5, 5, 4, 4), (1, 2, 3, 255))
    kept = raw(first)
    second = colorize(made, first)
    assert names(made) == ["Photo", "Photo (colorized)", "Photo (colorized)"], names(made)
    assert made.rootNode().childNodes()[2] == second
    assert raw(made.rootNode().childNodes()[1]) == kept
    third = colorize(made, node)
    assert len(names(made)) == 3, "the new one is the one to replace from now on"
    assert raw(third) == raw(second)


def case_a_photo_that_became_smaller():
    made = document()
    node = photo(made)
    colorize(made, node)
    node.setPixelData(QtCore.QByteArray(bytes(4 * WIDTH * 40)), 0, 40, WIDTH, 40)
    made.waitForDone()
    new = colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)"]
    box = new.bounds()
    assert (box.width(), box.height()) == (WIDTH, 40), box


def case_hints_are_obeyed_and_travel_as_a_crop():
    made = document()
    node = photo(made)
    hints = hint_layer(made, node)
    paint(made, hints, (50, 40, 12, 6), RED)
    new = colorize(made, node)
    wanted = asked(gray_rgba(codes()), hints=HintCrop(50, 40, 12, 6, bytes(RED) * 72, "BGRA"))
    assert raw(new) == wanted
    assert raw(new) != asked(gray_rgba(codes()))
    hints.setVisible(False)
    hints.setOpacity(20)
    made.refreshProjection()
    assert raw(colorize(made, hints)) == wanted, "hidden and faded hints count"
    assert raw(colorize(made, node, use_hints=False)) == asked(gray_rgba(codes()))


def case_hints_lie_right_on_a_shifted_photo():
    made = document()
    pixels = gray_rgba(codes(70, 60))
    node = add_layer(made, pixels, 20, -10)
    hints = hint_layer(made, node)
    paint(made, hints, (10, 5, 30, 8), BLUE)  # 10 columns of it are beside the photo
    new = colorize(made, hints)
    wanted = asked(pixels, hints=HintCrop(-10, 15, 30, 8, bytes(BLUE) * 240, "BGRA"))
    assert raw(new, (20, -10, 70, 60)) == wanted


def case_two_hint_layers_lie_over_each_other():
    made = document()
    node = photo(made)
    lower, upper = hint_layer(made, node), hint_layer(made, node, "More Color Hints")
    paint(made, lower, (40, 30, 20, 20), RED)
    paint(made, upper, (50, 30, 20, 20), BLUE)
    new = colorize(made, node)
    both = np.zeros((20, 30, 4), "u1")
    both[:, :20], both[:, 10:] = RED, BLUE
    assert raw(new) == asked(
        gray_rgba(codes()), hints=HintCrop(40, 30, 30, 20, both.tobytes(), "BGRA")
    )


def case_unbound_hints_count_for_the_photo_below():
    made = document()
    node = photo(made)
    other = photo(made, "Other", 9)
    colorize(made, other)
    mine = add_layer(made, np.zeros((1, 1, 4), "u1"), name="Color Hints of mine")
    paint(made, mine, (50, 40, 12, 6), RED)
    new = colorize(made, mine)
    assert new.name() == "Other (colorized)", new.name()
    assert names(made) == ["Photo", "Other", "Other (colorized)", "Color Hints of mine"]
    assert raw(new) == asked(
        gray_rgba(codes(seed=9)), hints=HintCrop(50, 40, 12, 6, bytes(RED) * 72, "BGRA")
    )
    assert raw(colorize(made, node)) == asked(gray_rgba(codes())), "hints of another photo"


def case_photos_with_hints_of_their_own_do_not_mix():
    made = document()
    one, two = photo(made, "One"), photo(made, "Two", 9)
    hints_one, hints_two = hint_layer(made, one), hint_layer(made, two)
    paint(made, hints_one, (10, 10, 8, 8), RED)
    paint(made, hints_two, (60, 50, 8, 8), BLUE)
    new_one, new_two = colorize(made, hints_one), colorize(made, hints_two)
    assert raw(new_one) == asked(
        gray_rgba(codes()), hints=HintCrop(10, 10, 8, 8, bytes(RED) * 64, "BGRA")
    )
    assert raw(new_two) == asked(
        gray_rgba(codes(seed=9)), hints=HintCrop(60, 50, 8, 8, bytes(BLUE) * 64, "BGRA")
    )


def case_hints_in_the_spaces_of_other_documents():
    for model, depth, profile in (
        ("RGBA", "U16", SRGB),
        ("RGBA", "F32", LINEAR),
        ("RGBA", "F16", SRGB),
        ("CMYKA", "U8", ""),
    ):
        made = document(model, depth, profile)
        node = made.createNode("Photo", "paintlayer")
        fill = made.createNode("Color Hints", "paintlayer")
        size = len(bytes(node.pixelData(0, 0, 1, 1)))
        node.setPixelData(QtCore.QByteArray(_middle(model, depth, size) * (WIDTH * HEIGHT)), *RECT)
        fill.setPixelData(QtCore.QByteArray(_reddish(model, depth) * 100), 30, 30, 10, 10)
        made.rootNode().addChildNode(node, None)
        made.rootNode().addChildNode(fill, None)
        made.waitForDone()
        made.refreshProjection()
        plain = colorize(made, node, use_hints=False)
        before = raw(plain)
        hinted = colorize(made, node)
        assert raw(hinted) != before, (model, depth)
        made.close()


def _middle(model, depth, size):
    kind = {"U8": "<%dB", "U16": "<%dH", "F16": "<%de", "F32": "<%df"}[depth]
    top = {"U8": 255, "U16": 65535}.get(depth, 1.0)
    half = top // 2 if isinstance(top, int) else 0.5
    channels = size // {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[depth]
    values = [half] * channels
    values[-1] = top
    if model == "CMYKA":
        values[:3] = [0, 0, 0]
    return struct.pack(kind % channels, *values)


def _reddish(model, depth):
    if model == "CMYKA":
        return bytes((20, 220, 220, 0, 255))
    if depth == "U16":
        return struct.pack("<4H", 9000, 9000, 52000, 65535)
    return struct.pack("<4f" if depth == "F32" else "<4e", 0.8, 0.15, 0.15, 1.0)


def case_an_animated_layer_gives_its_current_frame():
    made = document()
    node = made.createNode("Film", "paintlayer")
    made.rootNode().addChildNode(node, None)
    node.enableAnimation()
    pixels = gray_rgba(codes())
    node.setPixelData(QtCore.QByteArray(pixels.tobytes()), *RECT)
    made.setCurrentTime(3)
    made.waitForDone()
    new = colorize(made, node)
    assert raw(new) == asked(pixels)
    assert not new.animated()


def refusal(made, node, kind):
    """What the user is told instead of colours."""
    try:
        colorize(made, node)
    except kind as error:
        return str(error)
    raise AssertionError(f"{node} was coloured")


def case_layers_that_hold_no_photo_get_a_sentence():
    made = document()
    empty = made.createNode("Empty", "paintlayer")
    made.rootNode().addChildNode(empty, None)
    filters = made.createFilterLayer("Filter", APP.filter("invert"), Selection())
    made.rootNode().addChildNode(filters, None)
    hints = hint_layer(made, empty)
    for node, kind, word in (
        (empty, Empty, "is empty"),
        (filters, nodes.NoPhoto, "no picture to colorize"),
        (hints, Empty, "is empty"),
        (None, nodes.NoPhoto, "No layer is active"),
    ):
        error = refusal(made, node, kind)
        assert word in error, error
        assert "\n" not in error
    assert names(made) == ["Empty", "Filter", "Color Hints"]


def case_a_hint_layer_without_a_photo():
    made = document()
    lonely = add_layer(made, gray_rgba(codes()), name="Color Hints")
    assert "no photo below" in refusal(made, lonely, nodes.NoPhoto)


def case_the_layer_is_deleted_while_the_server_works():
    made = document()
    node = photo(made)
    ended = []
    flow = commands.colorize(made, node, session(), Settings(), SEEN)
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job._call is not None)
    node.remove()
    made.waitForDone()
    wait(lambda: job.over)
    assert isinstance(ended[0], Dropped), ended
    assert names(made) == []


def case_the_document_is_closed_while_the_server_works():
    made = document()
    node = photo(made)
    ended = []
    flow = commands.colorize(made, node, session(), Settings(), SEEN)
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job._call is not None)
    made.setModified(False)
    made.close()
    wait(lambda: job.over)
    assert isinstance(ended[0], Dropped), ended


def case_cancel_leaves_everything_as_it_was():
    made = document()
    node = photo(made)
    QtWidgets.QApplication.processEvents()  # what the layer's arrival has set off
    made.setModified(False)
    ended = []
    flow = commands.colorize(made, node, session(), Settings(), SEEN)
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job._call is not None)
    job.cancel()
    assert job.over
    assert not ended
    assert names(made) == ["Photo"]
    assert not made.modified()


def case_damaged_memory_is_as_if_new():
    made = document()
    node = photo(made)
    for damaged in (b"", b"\xff\xfe", b"{}", b'{"format": 1, "results": 3}', b'{"format": 99}'):
        made.setAnnotation("handtint", "", QtCore.QByteArray(damaged))
        memory = nodes_memory(made)
        assert memory.results == memory.hints == memory.overlays == {}
    colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)"]


def case_gray_documents_become_rgb_without_a_change_of_look():
    for depth in ("U8", "U16", "F16", "F32"):
        made = document("GRAYA", depth, "")
        fractions = codes()
        pixels = np.empty((HEIGHT, WIDTH, 2), NUMPY[depth])
        top = 1.0 if depth[0] == "F" else np.iinfo(pixels.dtype).max
        pixels[..., 0] = fractions * top
        pixels[..., 1] = top
        node = add_layer(made, pixels)
        assert results.gray_to_rgb(made)
        assert (made.colorModel(), made.colorDepth()) == ("RGBA", depth)
        got = read(node, depth)
        step = {"U8": 0, "U16": 1, "F16": 2e-3, "F32": 1e-4}[depth]
        for channel in range(3):
            off = np.abs(got[..., channel].astype(float) - pixels[..., 0].astype(float)).max()
            assert off <= step, (depth, channel, off)
        new = colorize(made, node)
        assert chroma(read(new, depth).astype(float)).max() > 0.01 * top
        made.close()
