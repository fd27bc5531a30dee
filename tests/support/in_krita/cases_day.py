"""Cases that run inside Krita: what a day's work does to photos and results."""

from __future__ import annotations

import numpy as np
from cases_layers import BLUE, RED, asked, refusal
from cases_live import Hand, scene, update
from handtint import live, nodes, overlay, results, shown, spaces, wrongplace
from handtint.client import HintCrop
from handtint.client.driver import Job
from handtint.client.hintscan import HintScan
from handtint.memory import Memory
from handtint.photos import Empty
from handtint.photowatch import PhotoWatch
from handtint.qt import QtCore, QtGui
from handtint.recolor import recolor, stroke_of
from handtint.settings import Settings
from harness import OUT, network, run, session, wait
from pictures import (
    APP,
    HEIGHT,
    RECT,
    SEEN,
    SRGB,
    WIDTH,
    add_layer,
    codes,
    colorize,
    document,
    gray_rgba,
    hint_layer,
    names,
    paint,
    photo,
    raw,
    read,
)


def set_pixels(made, node, pixels):
    node.setPixelData(QtCore.QByteArray(np.ascontiguousarray(pixels).tobytes()), *RECT)
    made.waitForDone()
    made.refreshProjection()


def case_a_live_update_shows_the_photo_as_it_is_now():
    made, node, _hints = scene()
    result = colorize(made, node)
    mirrored = np.ascontiguousarray(gray_rgba(codes())[:, ::-1])
    set_pixels(made, node, mirrored)  # as Image > Mirror does
    _work, flow = update(made, node, result, None)
    assert run(flow)
    assert raw(result) == asked(mirrored)


def case_a_locked_result_is_never_written():
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    paint(made, hints, (50, 40, 12, 6), RED)
    result.setLocked(True)
    _work, flow = update(made, node, result, None, settings=Settings(vividness=1.0))
    ended = []
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job.over)
    assert isinstance(ended[0], live.ResultLocked), ended
    assert "locked" in str(ended[0])
    assert raw(result) == before
    new = colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)", "Photo (colorized)", "Color Hints"]
    assert raw(made.rootNode().childNodes()[1]) == before, "Colorize has written a locked result"
    assert raw(new) != before
    result.setLocked(False)


def one_result(change, size=(WIDTH, HEIGHT), vividness=1.0):
    """Colorize, change the whole document, colorize again; the number of results."""
    made = document(size=size)
    node = add_layer(made, gray_rgba(codes(*size)))
    hints = hint_layer(made, node)
    paint(made, hints, (30, 30, 12, 6), RED)
    colorize(made, node, vividness=vividness)
    change(made)
    made.waitForDone()
    made.refreshProjection()
    colorize(made, node, vividness=vividness)
    found = names(made)
    made.close()
    assert found == ["Photo", "Photo (colorized)", "Color Hints"], found


def case_one_result_after_the_picture_was_cropped():
    one_result(lambda made: made.crop(11, 7, 60, 50))
    one_result(lambda made: made.resizeImage(-5, -6, 140, 130))


def case_one_result_after_the_picture_was_turned():
    for degrees in (90, 180, 270):
        one_result(lambda made, angle=degrees: made.rotateImage(np.radians(angle)))


def mirror(made, layer, across):
    """What Image > Mirror makes of a layer."""
    width, height = made.width(), made.height()
    kind = {"U8": "u1", "U16": "<u2", "F32": "<f4"}[made.colorDepth()]
    pixels = np.frombuffer(bytes(layer.pixelData(0, 0, width, height)), kind)
    pixels = pixels.reshape(height, width, 4)
    turned = np.ascontiguousarray(pixels[:, ::-1] if across else pixels[::-1])
    layer.setPixelData(QtCore.QByteArray(turned.tobytes()), 0, 0, width, height)


def case_one_result_after_the_picture_was_mirrored():
    for across in (True, False):
        one_result(
            lambda made, way=across: [
                mirror(made, layer, way) for layer in made.rootNode().childNodes()[:2]
            ]
        )


def case_one_result_after_the_picture_was_scaled():
    for size in ((40, 33), (150, 131), (96, 40)):
        for way in ("Bicubic", "Bilinear", "Lanczos3"):
            one_result(lambda made, s=size, w=way: made.scaleImage(*s, 72, 72, w))


def case_one_result_after_depth_or_space_were_changed():
    for space in (
        ("RGBA", "U16", SRGB),
        ("RGBA", "F32", SRGB),
        ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"),
        ("LABA", "U16", ""),
        ("CMYKA", "U8", ""),
    ):
        one_result(lambda made, s=space: made.setColorSpace(*s))
        print(space, flush=True)


def case_a_painted_result_stays_after_all_of_these():
    for change in (
        lambda made: made.crop(11, 7, 60, 50),
        lambda made: made.rotateImage(np.radians(90)),
        lambda made: made.scaleImage(150, 131, 72, 72, "Bicubic"),
        lambda made: made.setColorSpace("RGBA", "U16", SRGB),
    ):
        made = document()
        node = photo(made)
        first = colorize(made, node)
        paint(made, first, (30, 30, 8, 5), (255, 255, 255, 255))
        change(made)
        made.waitForDone()
        kept = raw(first, (0, 0, made.width(), made.height()))
        colorize(made, node)
        found = names(made)
        assert found == ["Photo", "Photo (colorized)", "Photo (colorized)"], found
        again = made.rootNode().childNodes()[1]
        assert raw(again, (0, 0, made.width(), made.height())) == kept
        made.close()


def case_the_hint_layer_is_active_after_colorize():
    """Without the window `activeNode` is None; what the command asks for is told by the flow."""
    made, node, hints = scene()
    paint(made, hints, (50, 40, 12, 6), RED)
    asked_for = []
    real = nodes.keep_active

    def told(made, before, otherwise):
        asked_for.append(nodes.uid(before))
        return real(made, None, otherwise)

    results.keep_active = told
    try:
        colorize(made, node)
    finally:
        results.keep_active = real
    assert asked_for == [nodes.uid(hints)], (asked_for, nodes.uid(hints))


def group(made, name):
    made_group = made.createGroupLayer(name)
    made.rootNode().addChildNode(made_group, None)
    return made_group


def case_a_group_that_holds_hint_layers_counts():
    made = document()
    node = photo(made)
    mine = group(made, "Mine")
    hints = spaces.new_layer("Reds", spaces.SRGB_8)
    mine.addChildNode(hints, None)
    Memory(made).bind_hints(nodes.uid(hints), nodes.uid(node))
    paint(made, hints, (50, 40, 12, 6), RED)
    wanted = asked(gray_rgba(codes()), hints=HintCrop(50, 40, 12, 6, bytes(RED) * 72, "BGRA"))
    for active in (mine, hints, node):
        assert raw(colorize(made, active)) == wanted
        assert names(made) == ["Photo", "Photo (colorized)", "Mine"], names(made)


def case_a_group_named_color_hints_counts():
    made = document()
    node = photo(made)
    mine = group(made, "Color Hints")
    clear = np.zeros((1, 1, 4), "u1")
    strokes = add_layer(made, clear, name="Paint Layer 1", parent=mine)
    more = add_layer(made, clear, name="Paint Layer 2", parent=mine)
    paint(made, strokes, (50, 40, 12, 6), RED)
    paint(made, more, (10, 10, 8, 8), BLUE)
    found = [nodes.uid(layer) for layer in nodes.target(made, mine).hints]
    assert found == [nodes.uid(strokes), nodes.uid(more)]
    plain = asked(gray_rgba(codes()))
    for active in (mine, strokes, node):
        new = colorize(made, active)
        assert names(made) == ["Photo", "Photo (colorized)", "Color Hints"], names(made)
        assert raw(new) != plain


def case_text_and_transparent_layers_get_a_sentence():
    made = document()
    photo(made)
    text = made.createVectorLayer("Words")
    made.rootNode().addChildNode(text, None)
    text.addShapesFromSvg('<svg><text x="10" y="30" font-size="20">Handtint</text></svg>')
    made.waitForDone()
    clear = add_layer(made, np.zeros((HEIGHT, WIDTH, 4), "u1"), name="Clear")
    assert "Words holds no picture to colorize: click a layer" in refusal(made, text, nodes.NoPhoto)
    assert refusal(made, clear, Empty) == "Clear is empty: click the photo's layer and try again."


class Photo:
    """A PhotoWatch with what it told."""

    def __init__(self, node):
        self.told = 0
        self.watch = PhotoWatch(node, RECT, Hand().is_down, self._changed)
        wait(lambda: len(self.watch._wanted) == self.watch._count, 60)

    def _changed(self):
        self.told += 1


def case_strokes_on_the_photo_are_told_from_retouching():
    made, node, _hints = scene()
    watched = Photo(node)
    area = WIDTH * HEIGHT
    paint(made, node, (20, 20, 9, 9), (90, 90, 90, 255))
    wait(lambda: watched.told == 1, 60)
    strips = watched.watch.strips()
    assert not run(wrongplace.colored_paint(strips, watched.watch.space, area, lambda: None))
    watched.watch.accept()
    assert not watched.watch.differs
    before = raw(node)
    paint(made, node, (40, 30, 20, 5), RED)
    wait(lambda: watched.told == 2, 60)
    strips = watched.watch.strips()
    assert run(wrongplace.colored_paint(strips, watched.watch.space, area, lambda: None))
    watched.watch.stop()

    found = wrongplace.WrongPlace(wrongplace.PHOTO, nodes.uid(node), "", nodes.uid(node), strips)
    new = nodes.by_uid(made, run(wrongplace.move_to_hints(made, found, node, lambda: None)))
    assert raw(node) == before, "the photo is not as it was before the strokes"
    got = read(new)
    assert (got[30:35, 40:60] == RED).all()
    assert got[..., 3].sum() == 100 * 255
    assert nodes.uid(nodes.target(made, node).hints[-1]) == nodes.uid(new)


def case_mirroring_a_photo_is_no_stroke():
    made, node, _hints = scene()
    watched = Photo(node)
    set_pixels(made, node, gray_rgba(codes())[:, ::-1])
    wait(lambda: watched.told == 1, 60)
    flow = wrongplace.colored_paint(
        watched.watch.strips(), watched.watch.space, WIDTH * HEIGHT, lambda: None
    )
    assert not run(flow)
    watched.watch.stop()


def case_strokes_on_an_ordinary_layer_are_noticed():
    made = document()
    node = photo(made)
    other = photo(made, "Other", 9)
    layer = add_layer(made, np.zeros((1, 1, 4), "u1"), name="Paint Layer 1")
    memory = Memory(made)
    assert not wrongplace.looks_like_strokes(layer, memory, made), "nothing is painted"
    paint(made, layer, (10, 10, 30, 5), RED)
    assert wrongplace.looks_like_strokes(layer, memory, made)
    assert not wrongplace.looks_like_strokes(other, memory, made)
    assert not wrongplace.looks_like_strokes(node, memory, made)
    memory.add_photo(nodes.uid(layer))
    assert not wrongplace.looks_like_strokes(layer, Memory(made), made), "it was said already"


def case_a_stroke_gets_another_color_on_a_layer_of_its_own():
    made, node, hints = scene()
    paint(made, hints, (10, 10, 20, 4), BLUE)
    scan = HintScan(RECT)
    old = [raw(hints, scan.box(index)) for index in (0,)]
    paint(made, hints, (30, 10, 20, 4), (20, 20, 200, 128))
    stroke = stroke_of(hints, scan, {0: old[0]})
    layer = recolor(made, stroke, nodes.uid(node), (10, 200, 30))
    got = read(layer)
    assert (got[10:14, 30:50] == (30, 200, 10, 128)).all()
    assert np.count_nonzero(got[..., 3]) == 80, "the other stroke has another colour, too"
    assert names(made)[-2:] == ["Color Hints", "Color Hints"]
    found = [nodes.uid(hint) for hint in nodes.target(made, node).hints]
    assert found == [nodes.uid(hints), nodes.uid(layer)]
    again = recolor(made, stroke, nodes.uid(node), (200, 10, 30))
    assert nodes.uid(again) == nodes.uid(layer)
    assert len(nodes.target(made, node).hints) == 2
    assert (read(layer)[10:14, 30:50, :3] == (30, 10, 200)).all()


def case_the_overlay_follows_in_place_and_shows_the_colors():
    made, node, hints = scene((300, 300))
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN))
    layer = overlay.overlay_of(made, node)
    box = (0, 0, 300, 300)
    before = raw(layer, box)
    alpha = np.frombuffer(before, "u1").reshape(300, 300, 4)[..., 3]
    assert 0.01 < (alpha > 0).mean() < 0.25, "the colours are hidden"
    paint(made, hints, (20, 20, 120, 120), RED)
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN, renew=True))
    assert nodes.uid(overlay.overlay_of(made, node)) == nodes.uid(layer), (
        "another layer: one more step to undo"
    )
    assert raw(layer, box) != before, "it does not follow the hints"


def case_the_hatching_is_seen_on_any_color():
    cells = bytes(range(256))
    pixels = np.frombuffer(overlay._picture(cells, 16, 16, 640, 640), "u1").reshape(640, 640, 4)
    lines = pixels[pixels[..., 3] > 150][:, :3]
    assert (lines.max(axis=1) < 40).any(), "no dark lines"
    assert (lines.min(axis=1) > 215).any(), "no light lines"


def case_an_export_leaves_hints_and_overlay_out():
    made, node, hints = scene()
    result = colorize(made, node)
    wanted = raw(result)
    paint(made, hints, (10, 10, 40, 30), RED)
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN))
    assert len(shown.seen_helpers(made)) == 2
    made.setModified(False)
    path = str(OUT / "exported.png")
    assert shown.export(made, path)
    image = QtGui.QImage(path).convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    assert bytes(bits) == wanted
    assert hints.visible()
    assert len(shown.seen_helpers(made)) == 2
    assert not made.modified()


def case_compare_shows_the_photo_and_then_everything_again():
    made, node, hints = scene()
    colorize(made, node)
    hidden = hint_layer(made, node, "Color Hints hidden")
    hidden.setVisible(False)
    paint(made, hints, (10, 10, 40, 30), RED)
    made.setModified(False)
    compare = shown.Compare()
    compare.hold(made)
    made.waitForDone()
    assert bytes(made.pixelData(*RECT)) == raw(node)
    compare.release()
    assert [layer.visible() for layer in made.rootNode().childNodes()] == [True, True, True, False]
    assert not made.modified()


def case_settings_belong_to_the_picture():
    made, node, _hints = scene()
    colorize(made, node, vividness=0.2, strength=0.7, use_hints=False)
    path = str(OUT / "settings.kra")
    assert made.saveAs(path)
    made.close()
    again = APP.openDocument(path)
    kept = Memory(again).results[nodes.uid(again.nodeByName("Photo (colorized)"))].settings
    chosen = Settings(live=True).with_picture(kept)
    assert (chosen.vividness, chosen.strength, chosen.use_hints) == (0.2, 0.7, False)
    assert chosen.live
    assert Settings(vividness=0.9).with_picture({}) == Settings()
    damaged = {"vividness": "x", "strength": 7, "use_hints": None}
    assert Settings().with_picture(damaged) == Settings()
