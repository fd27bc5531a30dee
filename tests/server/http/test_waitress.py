"""What `http/server.py` uses of waitress beyond its documented interface, by name.

waitress promises none of it: a new version that changes a name fails here first, and the pin in
pyproject.toml says up to where it was tried.
"""

from __future__ import annotations

import ast
import builtins
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from handtint_server.http import body_buffer, server

from ..conftest import Live
from ..raw_http import connect
from ..watched import wait_until

ROOT = Path(__file__).parents[3]

PARSER = {
    "adj", "body_rcv", "chunked", "close", "command", "completed", "connection_close",
    "content_length", "error", "expect_continue", "headers", "headers_finished", "parse_header",
    "path", "proxy_netloc", "received", "version",
}  # fmt: skip
CHANNEL = {
    "creation_time", "error_task_class", "handle_close", "handle_read", "last_activity",
    "parser_class", "received", "request", "requests", "requests_lock", "server", "socket",
    "task_class", "total_outbufs_len", "will_close",
}  # fmt: skip
TASK = {
    "channel", "content_length", "execute", "request", "response_headers",
    "set_close_on_finish", "status", "write",
}  # fmt: skip
SERVER = {
    "_map", "accepting", "active_channels", "add_task", "adj", "asyncore", "channel_class",
    "maintenance", "pull_trigger", "task_dispatcher",
}  # fmt: skip
DISPATCHER = {"add_task", "set_thread_count", "shutdown"}
ADJUSTMENTS = {"asyncore_use_poll"}
ASYNCORE = {"close_all", "loop"}
RECEIVER = {"__len__", "close", "completed", "error", "getbuf", "getfile", "received"}
"""What waitress's parser asks of a body, in `body_buffer`."""

OURS = {
    "body_limit", "gate", "memory_limiter", "on_refusal", "receive_seconds",  # GatedAdjustments
    "started", "_check_request", "_keep_body", "_refuse",  # Parser
    "has_sent", "_quick", "_ended", "answering", "receiving", "end", "run", "stop_listening",
    "problem", "refuse", "reserve", "free_space",  # EarlyRefusal, Gate, MemoryLimiter, BodyBuffer
}  # fmt: skip


def attributes_used() -> set[str]:
    """The attribute names in http/server.py but for those of modules, built-in types and ours."""
    tree = ast.parse(Path(server.__file__).read_text("utf-8"))
    plain = {name for kind in (str, list, dict, bytes, set) for name in dir(kind)}
    modules = {"time", "socket", "listening", "settings", "problem", "reservation", "body"}
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.value.id in modules
        ):
            used.add(node.attr)
    return used - plain - set(dir(builtins)) - OURS - {"__init__", "recv_into"}


def test_every_private_attribute_is_there(live: Live) -> None:
    parser = HTTPRequestParser(Adjustments())
    parser.received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert set(dir(parser)) >= PARSER
    connection = connect(live.port)
    running: Any = live.runner.server
    wait_until(lambda: running.active_channels)
    channel = next(iter(running.active_channels.values()))
    assert isinstance(channel, HTTPChannel)
    assert isinstance(running, TcpWSGIServer)
    assert set(dir(channel)) >= CHANNEL
    assert set(dir(running)) >= SERVER
    connection.close()
    task = ErrorTask(channel, parser)
    assert set(dir(task)) >= TASK
    assert issubclass(WSGITask, ErrorTask.__mro__[1])
    assert set(dir(ThreadedTaskDispatcher())) >= DISPATCHER
    assert set(dir(Adjustments())) >= ADJUSTMENTS
    assert set(dir(running.asyncore)) >= ASYNCORE
    for kind in (body_buffer.BodyBuffer, body_buffer.DiscardedBody):
        assert set(dir(kind)) >= RECEIVER


def test_the_list_is_complete() -> None:
    listed = PARSER | CHANNEL | TASK | SERVER | DISPATCHER | ADJUSTMENTS | ASYNCORE
    assert attributes_used() - listed == set()
    overridden = {"channel_class", "error_task_class", "execute", "parser_class", "task_class"}
    assert listed - attributes_used() == overridden  # defined there by their name


def test_the_pin_holds_what_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    (waitress,) = [one for one in needed if one.name == "waitress"]
    assert waitress.specifier.contains(metadata.version("waitress"))
    assert not waitress.specifier.contains(Version("3.0.1"))
    assert not waitress.specifier.contains(Version("4.0"))
