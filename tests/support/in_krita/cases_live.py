"""Cases that run inside Krita: live mode without the brush, suggestions, overlay."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path

import numpy as np
from cases_layers import BLUE, RED, asked
from handtint import commands, live, nodes, overlay, view, watch
from handtint.client import Dropped, HintCrop
from handtint.client.driver import Job
from handtint.client.hintscan import HintScan
from handtint.memory import Memory
from handtint.photos import HintReader, read_hints
from handtint.settings import Settings
from harness import OUT, VALUES, network, run, session, wait
from pictures import (
    APP,
    HEIGHT,
    RECT,
    SEEN,
    WIDTH,
    add_layer,
    codes,
    colorize,
    document,
    gray_rgba,
    hint_layer,
    names,
    paint,
    raw,
    read,
)


class Hand:
    """Stands in for the brush: down or up."""

    def __init__(self):
        self.down = False

    def is_down(self):
        return self.down


class Watched:
    """A HintWatch with what it told."""

    def __init__(self, layers, area):
        self.hand = Hand()
        self.told = []
        self.read = 0
        self.watch = watch.HintWatch(layers, area, self.hand.is_down, self._changed)

    def _changed(self, scan, place):
        self.told.append((time.monotonic(), scan.crop(), place))

    def next(self, seconds=120.0):
        """What is told next; each is returned once."""
        wait(lambda: len(self.told) > self.read, seconds)
        self.read += 1
        return self.told[self.read - 1]


def scene(size=(WIDTH, HEIGHT)):
    made = document(size=size)
    node = add_layer(made, gray_rgba(codes(*size)))
    hints = hint_layer(made, node)
    return made, node, hints


def update(made, node, result, crop, visible=None, settings=None, hand=None):
    work = live.LiveUpdate(
        made,
        nodes.uid(node),
        session(),
        SEEN,
        settings or Settings(),
        crop,
        visible,
        (hand or Hand()).is_down,
    )
    return work, work.flow(nodes.uid(result))


def case_the_watch_tells_of_paint_and_of_erasing():
    made, _node, hints = scene()
    watched = Watched([hints], RECT)
    _, crop, place = watched.next()
    assert crop is None
    assert place is None
    paint(made, hints, (50, 40, 12, 6), RED)
    _, crop, place = watched.next()
    assert (crop.x, crop.y, crop.width, crop.height) == (0, 0, WIDTH, 64)
    assert 50 <= place[0] < 62
    assert 40 <= place[1] < 46
    paint(made, hints, (52, 42, 2, 2), BLUE)  # within the same bounds
    watched.watch.lifted((40, 30, 20, 20))
    _, _, place = watched.next()
    assert 52 <= place[0] < 54
    paint(made, hints, (50, 40, 12, 6), (0, 0, 0, 0))
    watched.watch.lifted(None)
    _, crop, place = watched.next()
    assert crop is None
    assert place is None
    watched.watch.stop()


def case_the_watch_finds_what_nobody_told_it():
    made, _node, hints = scene((400, 900))
    paint(made, hints, (10, 10, 380, 880), RED)
    watched = Watched([hints], (0, 0, 400, 900))
    watched.next()
    until = time.monotonic() + watch.RESTLESS + 0.2
    wait(lambda: time.monotonic() > until)
    paint(made, hints, (200, 600, 5, 5), BLUE)
    began = time.monotonic()
    _, _, place = watched.next()
    VALUES["seconds until an untold change was found"] = round(time.monotonic() - began, 3)
    assert 200 <= place[0] < 205
    assert 600 <= place[1] < 605
    watched.watch.stop()


def case_nothing_is_read_while_the_brush_is_down():
    made, _node, hints = scene()
    watched = Watched([hints], RECT)
    watched.next()
    watched.hand.down = True
    paint(made, hints, (50, 40, 12, 6), RED)
    told = len(watched.told)
    until = time.monotonic() + 0.5
    wait(lambda: time.monotonic() > until)
    assert len(watched.told) == told
    watched.hand.down = False
    watched.next()
    watched.watch.stop()


def case_a_live_update_writes_in_place_and_marks_the_document():
    made, node, hints = scene()
    result = colorize(made, node)
    paint(made, hints, (50, 40, 12, 6), RED)
    watched = Watched([hints], RECT)
    _, crop, _ = watched.next()
    watched.watch.stop()
    made.setModified(False)
    before = nodes.uid(result)
    _work, flow = update(made, node, result, crop)
    assert run(flow)
    assert nodes.uid(nodes.newest_result(made, node, Memory(made))) == before
    assert names(made) == ["Photo", "Photo (colorized)", "Color Hints"]
    wanted = asked(gray_rgba(codes()), hints=HintCrop(50, 40, 12, 6, bytes(RED) * 72, "BGRA"))
    assert raw(result) == wanted
    assert made.modified()
    assert bytes(made.pixelData(0, 0, 40, 1)) == wanted[:160], "the picture was not refreshed"
    # In place, and yet known as untouched: the next Colorize replaces it.
    colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)", "Color Hints"]


def case_a_live_update_is_there_after_reopening():
    made, node, hints = scene()
    result = colorize(made, node)
    paint(made, hints, (50, 40, 12, 6), RED)
    crop = scan_of(hints)
    run(update(made, node, result, crop)[1])
    wanted = raw(result)
    key = nodes.uid(result)
    run(live.settle(made, key, commands.guard(made, key), Hand().is_down))
    assert Memory(made).results[key].checksum is not None
    path = str(OUT / "live.kra")
    assert made.saveAs(path)
    made.close()
    again = APP.openDocument(path)
    again.setBatchmode(True)
    assert raw(again.nodeByName("Photo (colorized)")) == wanted
    colorize(again, again.nodeByName("Photo"))
    assert names(again) == ["Photo", "Photo (colorized)", "Color Hints"], names(again)


def scan_of(layer, area=RECT):
    reader, scan = HintReader([layer]), HintScan(area)
    run(read_hints(reader, scan, lambda: None))
    return scan.crop()


def case_what_is_visible_comes_first():
    made, node, hints = scene((300, 300))
    result = colorize(made, node)
    before = raw(result, (0, 0, 300, 300))
    paint(made, hints, (50, 40, 60, 60), RED)
    crop = scan_of(hints, (0, 0, 300, 300))
    hand = Hand()
    work, flow = update(made, node, result, crop, visible=(20, 10, 100, 90), hand=hand)
    ended = []
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: "shown" in work.times)
    got = np.frombuffer(raw(result, (0, 0, 300, 300)), "u1").reshape(300, 300, 4)
    wait(lambda: job.over)
    assert ended == [True], ended
    after = np.frombuffer(raw(result, (0, 0, 300, 300)), "u1").reshape(300, 300, 4)
    assert (got[10:100, 20:120] == after[10:100, 20:120]).all()
    old = np.frombuffer(before, "u1").reshape(300, 300, 4)
    assert (got[150:] == old[150:]).all(), "the rest came at the same time"
    assert after.tobytes() == asked(
        gray_rgba(codes(300, 300)),
        hints=HintCrop(50, 40, 60, 60, bytes(RED) * 3600, "BGRA"),
    )


def case_no_pixel_is_written_while_the_brush_is_down():
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    paint(made, hints, (50, 40, 12, 6), RED)
    hand = Hand()
    hand.down = True
    _work, flow = update(made, node, result, scan_of(hints), hand=hand)
    ended = []
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job._until is not None, 60)
    until = time.monotonic() + 0.5
    wait(lambda: time.monotonic() > until)
    assert raw(result) == before
    assert not job.over
    hand.down = False
    wait(lambda: job.over)
    assert raw(result) != before


def gone_while_the_server_works(made, node, hints, leave):
    """A live update is dropped without a word when what it is for goes away."""
    result = colorize(made, node)
    paint(made, hints, (50, 40, 12, 6), RED)
    _work, flow = update(made, node, result, scan_of(hints))
    ended = []
    job = Job(network(), flow, ended.append, ended.append).start()
    wait(lambda: job._call is not None)
    leave(result)
    wait(lambda: job.over)
    assert isinstance(ended[0], Dropped), ended


def case_the_result_is_deleted_during_a_live_update():
    made, node, hints = scene()
    gone_while_the_server_works(made, node, hints, lambda result: result.remove())
    assert names(made) == ["Photo", "Color Hints"]


def case_the_document_is_closed_during_a_live_update():
    made, node, hints = scene()

    def leave(result):
        made.setModified(False)
        made.close()

    gone_while_the_server_works(made, node, hints, leave)


def case_a_photo_that_the_server_forgot_is_sent_again():
    made, node, hints = scene()
    result = colorize(made, node)
    known = SEEN.find(nodes.uid(node))
    known.image_id = "forgotten"
    paint(made, hints, (50, 40, 12, 6), RED)
    assert run(update(made, node, result, scan_of(hints))[1])
    assert SEEN.find(nodes.uid(node)).image_id != "forgotten"
    fresh = commands.Seen()
    work = live.LiveUpdate(
        made, nodes.uid(node), session(), fresh, Settings(), None, None, Hand().is_down
    )
    assert run(work.flow(nodes.uid(result)))
    assert raw(result) == asked(gray_rgba(codes()))


def case_only_the_id_and_the_crop_travel():
    made, node, hints = scene((600, 400))
    colorize(made, node)
    known = SEEN.find(nodes.uid(node))
    paint(made, hints, (50, 40, 12, 6), RED)
    crop = scan_of(hints, (0, 0, 600, 400))
    request = commands.colorize_request(known.image_id, known.photo, crop, Settings())
    VALUES["bytes of a live request, 600 x 400"] = request.content_length
    assert request.content_length < 3000, request.content_length
    assert len(known.photo.plane.content) == 0, "the photo's pixels are kept in the plug-in"


def case_suggestions_leave_the_new_paint_out():
    made, node, _hints = scene()
    colorize(made, node)
    known = SEEN.find(nodes.uid(node))
    found = run(commands.suggest(session(), known.image_id, (50.0, 40.0), None, Settings()))
    assert 1 <= len(found.colors) <= 9
    crop = commands.hints_on_wire(fill_crop(), RECT)
    hinted = run(commands.suggest(session(), known.image_id, (50.0, 40.0), crop, Settings()))
    assert [c.color for c in hinted.colors] != [c.color for c in found.colors]


def fill_crop():
    made = document()
    layer = add_layer(made, np.full((HEIGHT, WIDTH, 4), (40, 40, 200, 255), "u1"))
    crop = scan_of(layer)
    made.close()
    return crop


def case_the_overlay_comes_and_goes():
    made, node, hints = scene()
    paint(made, hints, (50, 40, 12, 6), RED)
    source = raw(node)
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN))
    shown = overlay.overlay_of(made, node)
    assert names(made)[-1] == overlay.NAME
    assert shown.locked()
    alpha = read(shown)[..., 3]
    assert alpha.max() > 100
    assert alpha.min() == 0
    colorize(made, shown)
    assert names(made)[:2] == ["Photo", "Photo (colorized)"], names(made)
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN))
    assert names(made).count(overlay.NAME) == 1, "shown twice"
    overlay.hide_overlay(made, node)
    assert overlay.NAME not in names(made)
    assert raw(node) == source


def case_regions():
    rect = (10, 20, 1000, 800)
    assert live.regions(rect, None) == [(0, 0, 1000, 800)]
    assert live.regions(rect, (0, 0, 5000, 5000)) == [(0, 0, 1000, 800)]
    assert live.regions(rect, (5000, 0, 10, 10)) == [(0, 0, 1000, 800)]
    assert live.regions(rect, (0, 0, 210, 120)) == [(0, 0, 200, 100), (0, 0, 1000, 800)]
    assert view.visible_rect(None, None) is None


def case_a_restarted_server_is_found_again():
    """The endpoint that a session knows is gone: it looks again, and sends the photo again."""
    made, node, _hints = scene()
    result = colorize(made, node)
    fresh = session()
    fresh.endpoint = type(run(fresh.connect()))("http://127.0.0.1:9", "stale")
    SEEN.find(nodes.uid(node)).image_id = "of-the-old-one"
    work = live.LiveUpdate(
        made, nodes.uid(node), fresh, SEEN, Settings(), None, None, Hand().is_down
    )
    assert run(work.flow(nodes.uid(result)))


def case_the_server_is_not_busy_with_given_up_requests():
    """Updates that were given up do not hold up the one that counts."""
    made, node, hints = scene((1500, 1000))
    result = colorize(made, node)
    for number in range(5):
        paint(made, hints, (50 + 20 * number, 40, 12, 6), RED)
        work, flow = update(made, node, result, scan_of(hints, (0, 0, 1500, 1000)))
        job = Job(network(), flow, lambda _: None, lambda _: None).start()
        wait(lambda job=job: job._call is not None)
        job.cancel()
    _work, flow = update(made, node, result, scan_of(hints, (0, 0, 1500, 1000)))
    assert run(flow)
    announced = Path(os.environ["HANDTINT_RUNTIME_DIR"]) / "server.json"
    url = json.loads(announced.read_text())["url"]
    with urllib.request.urlopen(url + "/v1/health", timeout=10) as answer:
        assert json.load(answer)["status"] == "ready"
