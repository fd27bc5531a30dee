"""Side jobs keep still while the user paints."""

from __future__ import annotations

from typing import Any, Callable, Generator

from .client import ClientError
from .client.steps import Tick, Until

Flow = Generator[Any, Any, Any]


def at_rest(flow: Flow, is_down: Callable[[], bool]) -> Flow:
    """A flow that begins, and goes on after each `Tick`, only when neither button nor pen is down.

    What it asks the server for still comes in meanwhile.
    """
    value: Any = None
    error: ClientError | None = None
    is_up = Until(lambda: not is_down())
    try:
        yield is_up
        while True:
            step = flow.send(value) if error is None else flow.throw(error)
            value = error = None
            try:
                value = yield step
                if isinstance(step, Tick) and is_down():
                    yield is_up
            except ClientError as raised:
                error = raised
    except StopIteration as end:
        return end.value
    finally:
        flow.close()
