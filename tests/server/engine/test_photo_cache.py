"""The photo cache: encoded once, bounded in bytes, one flight for one photo."""

from __future__ import annotations

import contextlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from handtint_model import BadHint
from handtint_server.decode.photo import PhotoSource
from handtint_server.engine.photo_cache import wait_for
from handtint_server.http.problem import Problem

from .. import pictures
from ..conftest import SECONDS, Live, Start
from ..watched import CountingLoad, colorize, wait_until

HINT = [{"x": 20, "y": 20, "color": "#c04030", "radius": 6}]


def test_second_request_runs_no_network(start_server: Start, tiny_weights: Path) -> None:
    load = CountingLoad(tiny_weights)
    live = start_server(load)
    first = colorize(live, pictures.raw_request(pictures.photo()))
    assert (first.headers["Handtint-Cache"], load.runs) == ("miss", 1)
    image_id = first.headers["Handtint-Image-Id"]
    for fields in ({}, {"points": HINT}, {"vividness": 1.0}, {"region": [0, 0, 9, 9]}):
        again = live.post("/v1/colorize", json={"image_id": image_id, "output": "raw", **fields})
        assert (again.status_code, again.headers["Handtint-Cache"]) == (200, "hit")
        assert "encode" not in again.headers["Server-Timing"]
    assert live.post("/v1/suggest", json={"image_id": image_id, "point": [1, 1]}).ok
    assert live.post("/v1/uncertainty", json={"image_id": image_id}).ok
    assert load.runs == 1
    # the same pixels sent again are the same photo
    same = colorize(live, pictures.raw_request(pictures.photo()))
    assert same.headers["Handtint-Image-Id"] == image_id
    assert load.runs == 1
    # another render size is another encoding, without the pixels
    other = live.post("/v1/colorize", json={"image_id": image_id, "render_size": 160})
    assert (other.status_code, load.runs) == (200, 2)
    # the id alone in the header field does as well
    by_header = live.post("/v1/colorize", json={}, headers={"Handtint-Image-Id": image_id})
    assert (by_header.status_code, load.runs) == (200, 2)


def test_different_pixels_are_different_photos(live: Live) -> None:
    plane = pictures.photo()
    changed = plane.copy()
    changed[0, 0] ^= 1
    taller = plane.reshape(96, 32)
    ids = {
        colorize(live, pictures.raw_request(p)).headers["Handtint-Image-Id"]
        for p in (plane, changed, taller)
    }
    assert len(ids) == 3


def test_concurrent_requests_encode_once(start_server: Start, tiny_weights: Path) -> None:
    gate = threading.Event()
    load = CountingLoad(tiny_weights, lambda: gate.wait(SECONDS))
    live = start_server(load, places=16)
    with ThreadPoolExecutor(8) as pool:
        request = pictures.raw_request(pictures.photo())
        answers = [pool.submit(colorize, live, request) for _ in range(8)]
        wait_until(lambda: live.service.engines.taken == 8)
        gate.set()
        results = [a.result() for a in answers]
    assert [r.status_code for r in results] == [200] * 8
    assert len({r.content for r in results}) == 1
    assert load.runs == 1


def test_others_take_over_when_the_first_is_cancelled(
    start_server: Start, tiny_weights: Path
) -> None:
    gate = threading.Event()
    load = CountingLoad(tiny_weights, lambda: gate.wait(SECONDS))
    live = start_server(load)
    plane = pictures.photo()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(colorize, live, pictures.raw_request(plane, request_id="first"))
        wait_until(lambda: load.runs == 1)
        second = pool.submit(colorize, live, pictures.raw_request(plane))
        wait_until(lambda: live.service.engines.taken == 2)
        assert live.service.tickets.find("first").state == "running"
        live.runner.service.tickets.find("first").cancel()
        gate.set()
        assert first.result().json()["code"] == "cancelled"
        assert second.result().status_code == 200
    assert load.runs == 2


def test_nobody_gets_the_error_of_anothers_work(start_server: Start, tiny_weights: Path) -> None:
    """The photo is not kept: the second request encodes it anew while the first one works on it."""
    fail, over = threading.Event(), threading.Event()
    load = CountingLoad(tiny_weights)
    service = start_server(load, cache_mb=0).service
    source = PhotoSource("one", pictures.photo(), None, "u8")

    def ask(work: Any) -> Any:
        with service.request("/v1/colorize", None, over.is_set) as ticket:
            return service.run(source, 256, ticket, work)[0]

    def fails(*_: Any) -> None:
        assert fail.wait(SECONDS)
        raise BadHint("my own")

    with ThreadPoolExecutor(3) as pool, contextlib.ExitStack() as after:
        after.callback(over.set)  # or the pool would wait for whoever waits in vain
        first = pool.submit(ask, fails)
        wait_until(lambda: load.runs == 1 and not service.cache._pending)
        second = pool.submit(ask, lambda *_: "second")
        wait_until(lambda: service.cache.misses == 2)
        third = pool.submit(ask, lambda *_: "third")
        wait_until(lambda: service.cache.hits == 1)
        fail.set()
        assert isinstance(first.exception(SECONDS), BadHint)
        assert (second.result(SECONDS), third.result(SECONDS)) == ("second", "third")
    assert load.runs == 2


def test_nobody_gets_anothers_limit_of_time(start_server: Start, tiny_weights: Path) -> None:
    service = start_server(CountingLoad(tiny_weights)).service
    photo, pending, mine = service.cache.find_or_begin(("one", 256))
    assert (photo, mine) == (None, True)
    service.cache.finish(("one", 256), pending, None, Problem("timed_out", ""))
    assert wait_for(pending, lambda: None) is None


def test_what_a_photo_says_of_itself_counts(live: Live) -> None:
    """Into its bytes, and into its id: a file's answer holds it."""
    ids = []
    for text in ("", "one", "two", "one", "x" * 300_000):
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", text, zip=True)
        file = io.BytesIO()
        Image.fromarray(pictures.photo()).save(file, "PNG", pnginfo=info)
        answer = colorize(live, pictures.multipart({}, [("image", file.getvalue())]))
        assert answer.status_code == 200
        ids.append(answer.headers["Handtint-Image-Id"])
        wait_until(lambda: live.service.engines.running == 0)
    assert ids[1] == ids[3]
    assert len(set(ids)) == 4
    photos = {key[0]: photo for key, photo in live.service.cache._photos.items()}
    small, large = (photos[ids[i]] for i in (1, 4))
    assert large.nbytes - small.nbytes >= 299_000


@pytest.mark.slow
def test_least_recently_used_goes_first(start_server: Start) -> None:
    live = start_server(cache_mb=24)
    ids = []
    for seed in range(8):
        answer = colorize(live, pictures.raw_request(pictures.photo(seed=seed)))
        ids.append(answer.headers["Handtint-Image-Id"])
        assert live.service.cache.nbytes <= 24 << 20
        # the first one is used all the time, so it stays
        assert live.post("/v1/uncertainty", json={"image_id": ids[0]}).status_code == 200
    assert 2 <= len(live.service.cache) < 8
    gone = live.post("/v1/colorize", json={"image_id": ids[1]})
    assert (gone.status_code, gone.json()["code"]) == (404, "image_unknown")
    assert live.post("/v1/colorize", json={"image_id": ids[-1]}).status_code == 200


@pytest.mark.slow
def test_what_photos_grow_by_is_counted(start_server: Start) -> None:
    """Work on a photo leaves more with it than its encoding; the bound holds all the same."""
    live = start_server(cache_mb=24)
    cache = live.service.cache

    def held() -> int:
        return sum(photo.nbytes for photo in cache._photos.values())

    first = colorize(live, pictures.raw_request(pictures.photo())).headers["Handtint-Image-Id"]
    wait_until(lambda: live.service.engines.running == 0)
    before = cache.nbytes
    assert before == held() > 0
    for vividness in (0.1, 0.4, 0.9):
        fields = {"image_id": first, "points": HINT, "vividness": vividness}
        assert live.post("/v1/colorize", json=fields).status_code == 200
    wait_until(lambda: live.service.engines.running == 0)
    assert cache.nbytes == held() > before
    for seed in range(1, 8):
        colorize(live, pictures.raw_request(pictures.photo(seed=seed), points=HINT))
        wait_until(lambda: live.service.engines.running == 0)
        assert cache.nbytes == held() <= 24 << 20
    assert len(cache) < 8
    cache.drop_engine(0)
    assert cache.nbytes == held() == 0


@pytest.mark.slow
def test_a_photo_larger_than_the_cache_still_gets_its_answer(start_server: Start) -> None:
    live = start_server(cache_mb=1)
    answer = colorize(live, pictures.raw_request(pictures.photo()))
    assert answer.status_code == 200
    assert len(live.service.cache) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "a1"])
def test_server_name_is_put_before_ids(start_server: Start, name: str) -> None:
    live = start_server(server_name=name)
    image_id = colorize(live, pictures.raw_request(pictures.photo())).headers["Handtint-Image-Id"]
    assert image_id.startswith("a1.") == bool(name)
    assert live.post("/v1/colorize", json={"image_id": image_id}).status_code == 200
