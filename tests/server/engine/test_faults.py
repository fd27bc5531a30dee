"""Faults inside a running server: it says so, and goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from handtint_model import BadCheckpoint, Colorizer, HandtintError, load_colorizer
from handtint_server.api.errors import problem_from
from handtint_server.engine.progress import RequestTickets
from handtint_server.engine.workers import EngineJob, Engines
from handtint_server.http.problem import Problem

from .. import pictures
from ..conftest import SECONDS, Start
from ..watched import CountingLoad, colorize, wait_until


class FailingLoad(CountingLoad):
    """A real colorizer whose network raises the errors in `errors`, one a run."""

    def __init__(self, weights: Path) -> None:
        super().__init__(weights, self._fail)
        self.errors: list[BaseException] = []

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("boom"), ValueError("x"), HandtintError("x"), SystemExit(3), KeyboardInterrupt()],
    ids=lambda e: type(e).__name__,
)
def test_engine_survives_whatever_is_raised(
    start_server: Start, tiny_weights: Path, error: BaseException
) -> None:
    load = FailingLoad(tiny_weights)
    live = start_server(load)
    load.errors = [error]
    request = pictures.raw_request(pictures.photo())
    answer = colorize(live, request)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "boom" not in answer.text
    info = live.get("/v1/info").json()
    assert type(error).__name__ in info["engines"][0]["problem"]
    assert "handtint_engine_faults_total 1.0" in live.get("/metrics").text
    assert colorize(live, request).status_code == 200
    assert live.get("/v1/info").json()["engines"][0]["problem"] == ""
    assert load.loads == 1


def test_two_faults_running_load_the_model_anew(start_server: Start, tiny_weights: Path) -> None:
    load = FailingLoad(tiny_weights)
    live = start_server(load)
    load.errors = [RuntimeError("one"), RuntimeError("two")]
    request = pictures.raw_request(pictures.photo())
    assert [colorize(live, request).status_code for _ in range(3)] == [500, 500, 200]
    assert load.loads == 2


def test_out_of_memory_is_for_later(start_server: Start, tiny_weights: Path) -> None:
    load = FailingLoad(tiny_weights)
    live = start_server(load)
    load.errors = [MemoryError()]
    request = pictures.raw_request(pictures.photo())
    answer = colorize(live, request)
    assert (answer.status_code, answer.json()["code"]) == (503, "out_of_memory")
    assert int(answer.headers["Retry-After"]) >= 1
    assert colorize(live, request).status_code == 200


def test_a_full_disk_is_no_fault(start_server: Start, tiny_weights: Path) -> None:
    load = FailingLoad(tiny_weights)
    live = start_server(load)
    load.errors = [OSError(errno.ENOSPC, "No space left on device")]
    answer = colorize(live, pictures.raw_request(pictures.photo()))
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert answer.json()["title"] == "Insufficient Storage"
    assert "handtint_engine_faults_total 0.0" in live.get("/metrics").text


def test_the_cpu_colorizer_is_dropped_under_its_lock(tiny_weights: Path) -> None:
    """An engine unloads while another one loads it: what was loaded is not kept."""
    entered, go = threading.Event(), threading.Event()
    loads: list[str] = []

    def load(device: str) -> Colorizer:
        loads.append(device)
        entered.set()
        assert go.wait(SECONDS)
        return load_colorizer(tiny_weights, "cpu")

    engines = Engines(load, lambda: ["cpu"], places=1, problem_from=problem_from)
    loading = threading.Thread(target=engines.cpu_colorizer)
    loading.start()
    assert entered.wait(SECONDS)
    dropping = threading.Thread(target=engines.drop_cpu_colorizer)
    dropping.start()
    dropping.join(0.2)
    assert dropping.is_alive()  # it waits for the lock
    go.set()
    for thread in (loading, dropping):
        thread.join(SECONDS)
    first = engines.cpu_colorizer()
    assert len(loads) == 2
    assert engines.cpu_colorizer() is first


NO_MEMORY = {
    "CUDA": "CUDA out of memory. Tried to allocate 2.00 GiB.",
    "driver": "CUDA error: out of memory",
    "cuBLAS": "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "MPS": "MPS backend out of memory (MPS allocated: 18.00 GB, max allowed: 18.13 GB).",
}


def no_memory(kind: str) -> BaseException:
    """An error as torch raises it; the processor's is asked for and real."""
    import torch

    if kind == "CPU":
        with pytest.raises(RuntimeError) as found:
            torch.empty(1 << 50)
        return found.value
    return (torch.OutOfMemoryError if kind == "CUDA" else RuntimeError)(NO_MEMORY[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*NO_MEMORY, "CPU"])
def test_device_without_memory_is_asked_for_less(
    start_server: Start, tiny_weights: Path, kind: str
) -> None:
    """Smaller first; what the answer was made with is in it, also when it comes again."""
    load = FailingLoad(tiny_weights)
    live = start_server(load)
    load.errors = [no_memory(kind)]
    answer = colorize(live, pictures.raw_request(pictures.photo()))
    assert answer.status_code == 200
    assert "179 pixels" in answer.headers["Handtint-Note"]
    image_id = answer.headers["Handtint-Image-Id"]
    again = live.post("/v1/colorize", json={"image_id": image_id, "output": "raw"})
    assert again.headers["Handtint-Note"] == answer.headers["Handtint-Note"]
    expected = load_colorizer(tiny_weights, "cpu")
    smaller = expected.colorize(expected.encode(pictures.photo(), render_size=179))
    assert again.content == smaller.tobytes()
    assert "handtint_engine_faults_total 0.0" in live.get("/metrics").text


WITHOUT_ROOM = """
import resource, sys
import numpy as np
from pathlib import Path
from handtint_model import load_colorizer
from handtint_server.api.errors import problem_from
from handtint_server.engine.out_of_memory import encode_with_fallback
from handtint_server.memory import is_out_of_memory

colorizer = load_colorizer(Path(sys.argv[1]), "cpu")
gray = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
colorizer.encode(gray[:64, :64])

def encode(photo):
    return encode_with_fallback(colorizer, None, photo, None, 256, lambda stage, share: None)

free = resource.getrlimit(resource.RLIMIT_AS)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used, free[1]))
try:
    encode(gray)
except Exception as error:
    failure = error
resource.setrlimit(resource.RLIMIT_AS, free)
print(is_out_of_memory(failure), problem_from(failure).code)
del failure
for photo in (gray, gray[:180, :200]):
    print(repr(encode(photo).note))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux'")
def test_a_moment_without_memory_is_over_when_it_is_over(tiny_weights: Path) -> None:
    """In one thread: oneDNN would go on failing in it."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, str(tiny_weights)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["True out_of_memory", "''", "''", ""]


class OnACard(Colorizer):
    """Says that it is on a graphics card."""

    device = "cuda:0"  # type: ignore[assignment]


class WithoutMemory(OnACard):
    """And has memory for the network, but not for what comes after it."""

    def colorize(self, *arguments: Any, **named: Any) -> Any:
        raise no_memory("CUDA")

    suggest = uncertainty = colorize


class FirstOnACard(FailingLoad):
    """Its first colorizer is of another class."""

    def __init__(self, weights: Path, kind: type[Colorizer]) -> None:
        super().__init__(weights)
        self.kind = kind

    def __call__(self, device: str) -> Colorizer:
        colorizer = super().__call__(device)
        if self.loads == 1:
            object.__setattr__(colorizer, "__class__", self.kind)
        return colorizer


@pytest.mark.slow
def test_device_without_any_memory_leaves_it_to_the_processor(
    start_server: Start, tiny_weights: Path
) -> None:
    load = FirstOnACard(tiny_weights, OnACard)
    live = start_server(load)
    load.errors = [no_memory("CUDA") for _ in range(3)]
    request = pictures.raw_request(pictures.photo())
    answer = colorize(live, request)
    assert answer.status_code == 200
    assert "the processor did the work" in answer.headers["Handtint-Note"]
    assert answer.headers["Handtint-Device"] == "cpu"
    expected = load_colorizer(tiny_weights, "cpu")
    right = expected.colorize(expected.encode(pictures.photo())).tobytes()
    assert answer.content == right
    assert colorize(live, request).content == right


@pytest.mark.slow
def test_memory_that_lacks_after_the_network(start_server: Start, tiny_weights: Path) -> None:
    """The processor takes over, and keeps the photo: the next request goes there at once."""
    load = FirstOnACard(tiny_weights, WithoutMemory)
    live = start_server(load)
    answer = colorize(live, pictures.raw_request(pictures.photo()))
    assert answer.status_code == 200, answer.text
    assert "the processor did the work" in answer.headers["Handtint-Note"]
    assert answer.headers["Handtint-Device"] == "cpu"
    expected = load_colorizer(tiny_weights, "cpu")
    assert answer.content == expected.colorize(expected.encode(pictures.photo())).tobytes()
    image_id = answer.headers["Handtint-Image-Id"]
    wait_until(lambda: live.service.engines.running == 0)
    assert load.runs == 2
    for path, fields in (
        ("colorize", {"points": [{"x": 20, "y": 20, "color": "#c04030"}]}),
        ("suggest", {"point": [5, 5]}),
        ("uncertainty", {}),
    ):
        again = live.post(f"/v1/{path}", json={"image_id": image_id, **fields})
        assert again.status_code == 200, again.text
        assert again.headers["Handtint-Device"] == "cpu"
    assert load.runs == 2
    # Another photo, and a suggestion first.
    kind, body = pictures.raw_request(pictures.photo(seed=1))
    body = body.replace(b'"output": "raw"', b'"point": [3, 3]')
    other = live.post("/v1/suggest", data=body, headers={"Content-Type": kind})
    assert (other.status_code, load.runs) == (200, 4)
    assert "handtint_engine_faults_total 0.0" in live.get("/metrics").text


def test_model_that_cannot_be_loaded(start_server: Start) -> None:
    def load(device: str) -> Colorizer:
        raise BadCheckpoint("the weights are of another version.")

    live = start_server(load)
    assert live.service.engines.first_load.wait(SECONDS)
    wait_until(lambda: live.get("/v1/health").json()["status"] == "failed")
    answer = colorize(live, pictures.raw_request(pictures.photo()))
    assert (answer.status_code, answer.json()["code"]) == (503, "model_failed")
    assert "another version" in answer.json()["detail"]
    assert "another version" in live.get("/v1/info").json()["engines"][0]["problem"]


def test_a_bad_photo_is_no_fault(start_server: Start, tiny_weights: Path) -> None:
    live = start_server(FailingLoad(tiny_weights))
    kind, body = pictures.multipart({}, [("image", b"\x89PNG\r\n\x1a\nrubbish")])
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_image")
    assert "handtint_engine_faults_total 0.0" in live.get("/metrics").text


def test_stopping_cancels_what_does_not_end(start_server: Start, tiny_weights: Path) -> None:
    go = threading.Event()
    load = CountingLoad(tiny_weights, lambda: go.wait(SECONDS))
    live = start_server(load)
    codes: list[Any] = []

    def ask() -> None:
        try:
            answer = colorize(live, pictures.raw_request(pictures.photo()))
            codes.append(answer.json().get("code"))
        except requests.RequestException as error:
            codes.append(type(error).__name__)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: load.runs == 1)
    live.service.tickets.cancel_all()
    go.set()
    live.runner.stop()
    thread.join(SECONDS)
    assert codes == ["cancelled"]


def test_several_engines_share_one_queue(tiny_weights: Path) -> None:
    """Two workers of the CPU: both work, and a job bound to one goes to that one."""
    go = threading.Event()
    seen: list[int] = []

    def load(device: str) -> Colorizer:
        return load_colorizer(tiny_weights, "cpu")

    engines = Engines(load, lambda: ["first", "second"], places=8, problem_from=problem_from)
    tickets = RequestTickets(60)
    engines.start()
    wait_until(lambda: engines.status == "ready" and len(engines.workers) == 2)

    def work(colorizer: Colorizer, number: int) -> int:
        seen.append(number)
        go.wait(SECONDS)
        colorizer.encode(np.zeros((32, 32), np.uint8))
        return number

    results: list[int] = []

    def ask(engine: int | None) -> None:
        ticket = tickets.open(None, lambda: False)
        with engines.place():
            results.append(engines.run(work, ticket, engine))

    threads = [threading.Thread(target=ask, args=(None,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sorted(seen) == [0, 1])
    bound = [threading.Thread(target=ask, args=(1,)) for _ in range(3)]
    for thread in bound:
        thread.start()
    go.set()
    for thread in [*threads, *bound]:
        thread.join(SECONDS)
    assert sorted(results) == [0, 1, 1, 1, 1]
    assert engines.stop(5)
    with pytest.raises(Problem, match="ending"), engines.place():
        pass


def test_work_has_ended_before_its_outcome_is_known(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has an answer is not told by /v1/info that the work for it still runs."""
    running: list[int] = []
    finish = EngineJob.finish

    def watched(job: EngineJob, *outcome: Any) -> None:
        running.append(engines.running)
        finish(job, *outcome)

    def work(colorizer: Colorizer, number: int) -> None:
        running.append(engines.running)
        if len(running) > 2:
            raise ValueError("once more, with an error")

    monkeypatch.setattr(EngineJob, "finish", watched)
    engines = Engines(
        lambda _: load_colorizer(tiny_weights, "cpu"),
        lambda: ["cpu"],
        places=1,
        problem_from=problem_from,
    )
    engines.start()
    tickets = RequestTickets(60)
    engines.run(work, tickets.open(None, lambda: False))
    with pytest.raises(ValueError, match="once more"):
        engines.run(work, tickets.open(None, lambda: False))
    assert running == [1, 0, 1, 0]
    assert engines.stop(5)


def test_an_engine_that_failed_leaves_the_work_to_others(tiny_weights: Path) -> None:
    def load(device: str) -> Colorizer:
        if device == "broken":
            raise BadCheckpoint("broken.")
        return load_colorizer(tiny_weights, "cpu")

    engines = Engines(load, lambda: ["broken", "cpu"], places=8, problem_from=problem_from)
    tickets = RequestTickets(60)
    engines.start()
    wait_until(lambda: [w.state for w in engines.workers] == ["failed", "ready"])
    assert engines.status == "ready"
    for _ in range(5):
        with engines.place():
            ticket = tickets.open(None, lambda: False)
            assert engines.run(lambda _, number: number, ticket) == 1
    assert engines.stop(5)
