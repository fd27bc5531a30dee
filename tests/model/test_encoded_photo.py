"""What is kept with a photo, used from several threads at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from handtint_model import Colorizer, Hints
from handtint_model.cell_colors import Look
from handtint_model.encoded_photo import KEPT_AUTOMATIC, Automatic, PhotoResults

VIVIDNESS = [n / 9 for n in range(9)]


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run work(number) on threads that start together; what they raise."""
    raised: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.slow
def test_eight_threads_get_the_results_of_one(tiny_colorizer: Colorizer) -> None:
    plane = np.random.default_rng(1).integers(0, 256, (48, 64)).astype(np.uint8)
    hints = [
        None,
        Hints.from_points([(10, 10, "#c03020")], radius=5),
        Hints.from_points([(50, 30, "#2040c0")], radius=7),
    ]
    alone = tiny_colorizer.encode(plane, render_size=128)
    wanted = {
        (v, n): tiny_colorizer.colorize(alone, painted, vividness=v)
        for v in VIVIDNESS
        for n, painted in enumerate(hints)
    }
    for _ in range(2):
        photo = tiny_colorizer.encode(plane, render_size=128)

        def work(number: int, photo=photo) -> None:
            random = np.random.default_rng(number)
            for _ in range(8):
                v, n = VIVIDNESS[random.integers(9)], int(random.integers(3))
                rgb = tiny_colorizer.colorize(photo, hints[n], vividness=v)
                np.testing.assert_array_equal(rgb, wanted[v, n])
                assert photo.nbytes > 0

        assert in_threads(8, work) == []
        assert photo.results.kept_automatic == KEPT_AUTOMATIC


class Switching(dict[float, Automatic]):
    """A dict that lets other threads run in the middle of every change.

    Python seldom switches threads between two operations on a dict, so that a missing lock
    would not be noticed.
    """

    def pop(self, *arguments: Any) -> Any:
        time.sleep(1e-5)
        return super().pop(*arguments)

    def __setitem__(self, key: float, value: Automatic) -> None:
        time.sleep(1e-5)
        super().__setitem__(key, value)

    def __len__(self) -> int:
        length = super().__len__()
        time.sleep(1e-5)
        return length

    def __iter__(self) -> Iterator[float]:
        for key in super().__iter__():
            time.sleep(1e-5)
            yield key


@pytest.mark.slow
def test_never_more_than_some_automatic_colors_are_kept(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(np.full((40, 40), 128, np.uint8))
    made = [tiny_colorizer._automatic(photo, Look(v)) for v in VIVIDNESS]
    results = PhotoResults()
    results._automatic = Switching()
    most: list[int] = []

    def work(number: int) -> None:
        random = np.random.default_rng(number)
        for n in random.integers(0, 9, 100):
            assert results.automatic(VIVIDNESS[n], lambda n=n: made[n]) is made[n]
            most.append(results.kept_automatic)
            assert results.nbytes > 0

    assert in_threads(8, work) == []
    assert max(most) == KEPT_AUTOMATIC


@pytest.mark.parametrize("what", ["graph", "agreed"])
def test_all_threads_share_what_the_first_has_made(what: str) -> None:
    results = PhotoResults()
    all_are_making = threading.Barrier(8, timeout=60)
    got: list[object] = []

    def make() -> Any:
        all_are_making.wait()
        return object()

    assert in_threads(8, lambda _: got.append(getattr(results, what)(make))) == []
    assert len({id(one) for one in got}) == 1


def test_the_longest_unused_automatic_colors_go(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(np.full((40, 40), 128, np.uint8))
    made: list[float] = []

    def ask(vividness: float) -> None:
        def make() -> object:
            made.append(vividness)
            return tiny_colorizer._automatic(alone, Look(vividness))

        photo.results.automatic(vividness, make)  # type: ignore[arg-type]

    alone = tiny_colorizer.encode(np.full((40, 40), 128, np.uint8))
    for vividness in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.0, 0.6):
        ask(vividness)
    assert made == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    ask(0.0)  # used since
    ask(0.1)  # gone
    assert made == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.1]
    assert photo.nbytes > tiny_colorizer.encode(photo.luminance).nbytes
