"""Flows driven from an event loop, and the centre of a plug-in, against a real server."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server_process import ServerProcess

from client import (
    BadSetting,
    ClientError,
    Dropped,
    Plane,
    ServerSetting,
    Session,
    places,
    protocol,
    transport,
)
from client.center import Center
from client.driver import Job, SideJobs, Unexpected
from client.session import on_the_bar
from client.state import ServerState
from client.steps import Tick, Until


class Timer:
    def __init__(self, loop: Loop, call: Callable[[], Any]) -> None:
        self.loop, self.call, self.ticket = loop, call, 0

    def start(self, milliseconds: int) -> None:
        self.ticket += 1
        due = time.monotonic() + milliseconds / 1000
        heapq.heappush(self.loop.due, (due, next(self.loop.count), self, self.ticket))

    def stop(self) -> None:
        self.ticket += 1


class Sent:
    def __init__(self, loop: Loop, done: Any, failed: Any, report: Any, arguments: Any) -> None:
        self.over = False

        def work() -> None:
            def tell(stage: str, fraction: float) -> None:
                if self.over:
                    raise KeyboardInterrupt
                loop.later.put(lambda: self.over or report(stage, fraction))

            try:
                answer = transport.send(*arguments, tell)
            except ClientError as error:
                loop.later.put(lambda error=error: self.over or failed(error))
            except KeyboardInterrupt:
                return
            else:
                loop.later.put(lambda: self.over or done(answer))

        threading.Thread(target=work, daemon=True).start()

    def abort(self) -> None:
        self.over = True


class Loop:
    """As small as an event loop can be."""

    def __init__(self) -> None:
        self.due: list[Any] = []
        self.count = iter(range(10**9))
        self.later: queue.Queue[Callable[[], Any]] = queue.Queue()

    def timer(self, call: Callable[[], Any]) -> Timer:
        return Timer(self, call)

    def send(self, endpoint: Any, request: Any, timeout: float, *calls: Any) -> Sent:
        return Sent(self, *calls, (endpoint, request, timeout))

    def run(self, until: Callable[[], Any], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "it takes too long"
            while self.due and self.due[0][0] <= time.monotonic():
                _, _, timer, ticket = heapq.heappop(self.due)
                if ticket == timer.ticket:
                    timer.call()
            try:
                self.later.get(timeout=0.005)()
            except queue.Empty:
                continue


class Ends:
    """What became of a job."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.failed: list[ClientError] = []

    def __bool__(self) -> bool:
        return bool(self.done or self.failed)


def job(loop: Loop, flow: Generator[Any, Any, Any]) -> tuple[Job, Ends]:
    ends = Ends()
    return Job(loop, flow, ends.done.append, ends.failed.append).start(), ends


def test_a_flow_goes_step_by_step() -> None:
    loop, ready = Loop(), [False]

    def flow() -> Generator[Any, Any, str]:
        yield Tick()
        loop.timer(lambda: ready.__setitem__(0, True)).start(30)
        yield Until(lambda: ready[0])
        return "end"

    _, ends = job(loop, flow())
    assert not ends, "nothing is done before the loop runs"
    loop.run(lambda: ends, 10)
    assert ends.done == ["end"]
    assert ready == [True]


def test_what_a_flow_raises() -> None:
    def expected() -> Generator[Any, Any, None]:
        yield Tick()
        raise Dropped("gone")

    def fault() -> Generator[Any, Any, None]:
        yield Tick()
        raise ZeroDivisionError

    for flow, kind in ((expected(), Dropped), (fault(), Unexpected)):
        loop = Loop()
        _, ends = job(loop, flow)
        loop.run(lambda ends=ends: ends, 10)
        assert isinstance(ends.failed[0], kind)


def test_cancel_ends_a_flow_at_once() -> None:
    loop, cleaned = Loop(), []

    def flow() -> Generator[Any, Any, None]:
        try:
            yield Until(lambda: False)
        finally:
            cleaned.append(True)

    one, ends = job(loop, flow())
    loop.timer(one.cancel).start(40)
    loop.run(lambda: cleaned, 10)
    one.cancel()
    assert not ends
    assert one.over


def test_a_translated_text_keeps_its_capitals_on_the_bar() -> None:
    for stage, shown in (
        ("Warten auf den Server", "Warten auf den Server"),
        ("sharpen", "Sharpen"),
        ("", "Working"),
    ):
        assert on_the_bar(stage, 0.0)[0] == shown


def test_a_newer_side_job_takes_the_place() -> None:
    loop, found = Loop(), []
    jobs = SideJobs(loop)

    def flow(name: str) -> Generator[Any, Any, str]:
        yield Tick()
        yield Tick()
        return name

    jobs.run("live", flow("old"), found.append, found.append)
    jobs.run("live", flow("new"), found.append, found.append)
    jobs.run("other", flow("other"), found.append, found.append)
    assert jobs.runs("live")
    assert len(jobs) == 2
    loop.run(lambda: len(found) == 2, 10)
    assert set(found) == {"new", "other"}
    assert not jobs.runs("live")


# --- with a server ---------------------------------------------------------------------------


@pytest.fixture
def center(shared_server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> Center:
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(shared_server.runtime))
    monkeypatch.setenv("HANDTINT_HOME", str(shared_server.home))
    return Center("gimp", Loop())


def picture(session: Session) -> Generator[Any, Any, Any]:
    gray = np.random.default_rng(0).integers(0, 255, (60, 90), np.uint8)
    plane = Plane(90, 60, "u8", "Y", gray.tobytes())
    answer, image_id = yield from session.ask_about(
        plane, "", lambda what: protocol.colorize(what, request_id=protocol.new_request_id())
    )
    return protocol.read_picture(answer, (90, 60)), image_id


@pytest.mark.slow
def test_a_command_from_its_start_to_its_end(center: Center) -> None:
    seen, found = [], []
    center.listen(lambda: seen.append((center.running, center.server.state, center.progress)))
    center.look_at_server()
    center.loop.run(lambda: center.server.state is ServerState.READY_CPU)
    center.say("An old message.")
    center.run(picture(center.session()), found.append)
    assert center.running
    assert center.message == ""
    center.loop.run(lambda: found)
    assert found[0][0].layout == "RGB"
    assert found[0][1]
    assert any(state is ServerState.BUSY for _, state, _ in seen)
    assert not center.running
    assert center.progress is None
    center.loop.run(lambda: center.server.state is ServerState.READY_CPU)


@pytest.mark.slow
def test_a_cancelled_command_says_nothing(center: Center) -> None:
    found: list[Any] = []
    center.run(picture(center.session()), found.append)
    center.cancel()  # at once: later the answer could be there before
    center.loop.run(lambda: not center.running, 10)
    end = time.monotonic() + 0.5
    center.loop.run(lambda: time.monotonic() > end)
    assert not found
    assert center.message == ""


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Center:
    """A centre with folders of its own, in which no server has announced itself."""
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("HANDTINT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return Center("gimp", Loop())


def test_a_setting_that_another_process_keeps_is_taken_up(nobody: Center, tmp_path: Path) -> None:
    """GIMP's options dialog is a process of its own, beside an open panel."""
    home = str(tmp_path / "home")
    places.write_setting(home, ServerSetting(url="http://127.0.0.1:9", token="t"))
    first = nobody.session()
    assert nobody.session() is first, "what is known of the server is thrown away"
    changes: list[str] = []
    nobody.server_changed = lambda: changes.append(nobody.session().setting.url)  # type: ignore[method-assign]
    places.write_setting(home, ServerSetting(url="http://127.0.0.1:19", token="t"))
    assert nobody.session().setting.url == "http://127.0.0.1:19"
    assert changes == ["http://127.0.0.1:19"]
    nobody.look_at_server()
    nobody.loop.run(lambda: nobody.server.state is ServerState.UNREACHABLE, 30)
    assert "127.0.0.1:19" in nobody.server.detail
    (tmp_path / "home" / "client.json").unlink()
    assert nobody.session().setting.automatic


def test_a_damaged_setting_is_replaced_by_what_is_chosen(nobody: Center, tmp_path: Path) -> None:
    """As its message says: choose the server again."""
    path = tmp_path / "home" / "client.json"
    path.write_text('{"url": ')
    with pytest.raises(BadSetting, match="Choose the server again"):
        nobody.session()
    assert nobody.server_setting() == ServerSetting(), "what a dialog shows"
    nobody.keep_server(ServerSetting())
    assert nobody.session().setting.automatic
    before = path.stat().st_mtime_ns
    nobody.keep_server(ServerSetting())
    assert path.stat().st_mtime_ns == before, "nothing was changed"
    nobody.keep_server(ServerSetting(url="http://127.0.0.1:9", token="t"))
    assert nobody.session().setting.url == "http://127.0.0.1:9"


def test_an_address_where_nobody_answers(nobody: Center) -> None:
    center = nobody
    center.set_server(ServerSetting(url="http://127.0.0.1:9", token="t"))
    center.loop.run(lambda: center.server.state is ServerState.UNREACHABLE, 30)
    assert "127.0.0.1:9" in center.server.detail
    found: list[Any] = []
    center.run(picture(center.session()), found.append)
    center.loop.run(lambda: not center.running, 30)
    assert not found
    assert center.message_is_error
    assert "127.0.0.1:9" in center.message
