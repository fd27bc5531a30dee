"""The pipeline behind `handtint colorize`: what it does when something stops it."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from handtint_server.batch.pipeline import (
    TOO_LITTLE_MEMORY,
    LocalBackend,
    Pipeline,
    RunFailed,
    colorize_one,
)
from handtint_server.batch.plan import BatchSettings, HintSource, PhotoJob, plan
from handtint_server.batch.series import SeriesRun

CAT = Path(__file__).parents[2] / "data" / "photos" / "cat-gray.png"


@pytest.fixture(scope="module")
def backend(tiny_weights):
    return LocalBackend.load(tiny_weights, "cpu")


@pytest.fixture
def jobs(tmp_path):
    plane = np.array(Image.open(CAT).resize((120, 80)))
    made = []
    for i in range(8):
        source = tmp_path / f"{i:02}.png"
        Image.fromarray(np.roll(plane, 5 * i, 1)).save(source)
        made.append(PhotoJob(source, tmp_path / "out" / source.name))
    return made


def threads_left():
    return [
        t.name
        for t in threading.enumerate()
        if t.name.startswith(("handtint-read", "handtint-finish"))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("bytes_in_flight", [1, 100_000, 10**9])
def test_every_photo_gets_through_whatever_the_limit(jobs, backend, bytes_in_flight):
    with Pipeline(jobs, BatchSettings(), backend, bytes_in_flight) as run:
        outcomes = list(run)
    assert sorted(o.job.source.name for o in outcomes) == [j.source.name for j in jobs]
    assert not any(o.error or o.skipped for o in outcomes)
    assert all(job.target.exists() for job in jobs)
    assert threads_left() == []


@pytest.mark.slow
def test_the_limit_bounds_what_is_in_flight(jobs, backend):
    """Room for two photos: no third is read before one of them is written."""
    one = 120 * 80 * 5
    most = 0

    class Watching(LocalBackend):
        def colorize(self, *arguments):
            nonlocal most
            most = max(most, run._limiter.photos)
            return super().colorize(*arguments)

    with Pipeline(
        jobs, BatchSettings(), Watching(backend.colorizer, backend.cpu_colorizer), 2 * one
    ) as run:
        assert len(list(run)) == len(jobs)
    assert 1 <= most <= 2


@pytest.mark.slow
def test_reading_network_and_rendering_overlap(jobs, backend):
    """The first photo is painted while the second is in the network and a third is read."""
    patience = 60.0
    in_network, painted = threading.Event(), threading.Event()
    seen = []

    class Watching(LocalBackend):
        def encode(self, *arguments):
            seen.append("encode")
            if seen.count("encode") == 2:
                in_network.set()
                painted.wait(patience)
            return super().encode(*arguments)

        def colorize(self, *arguments):
            if not painted.is_set():
                seen.append(in_network.wait(patience))
                deadline = time.monotonic() + patience
                while run._limiter.photos < 3 and time.monotonic() < deadline:
                    time.sleep(0.01)
                seen.append(run._limiter.photos >= 3)
                painted.set()
            return super().colorize(*arguments)

    with Pipeline(jobs, BatchSettings(), Watching(backend.colorizer, backend.cpu_colorizer)) as run:
        assert len(list(run)) == len(jobs)
    assert [s for s in seen if s != "encode"] == [True, True]


class OnACard(LocalBackend):
    """Its colorizer is on a card without memory for some of the work."""

    @classmethod
    def without(cls, backend, tiny_weights, stage, device="cuda:0"):
        class NoMemory(type(backend.colorizer)):
            def fail(self, *_, **__):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

        NoMemory.device = device
        setattr(NoMemory, stage, NoMemory.fail)
        colorizer = LocalBackend.load(tiny_weights, "cpu").colorizer
        object.__setattr__(colorizer, "__class__", NoMemory)
        return cls(colorizer, backend.cpu_colorizer)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["encode", "colorize"])
def test_a_card_without_memory_leaves_it_to_the_processor(jobs, backend, tiny_weights, stage):
    expected = []
    for job in jobs[:3]:
        assert not colorize_one(job, BatchSettings(), backend).note
        expected.append(job.target.read_bytes())
    weak = OnACard.without(backend, tiny_weights, stage)
    with Pipeline(jobs[:3], BatchSettings(overwrite=True), weak) as run:
        outcomes = list(run)
    assert [o.error for o in outcomes] == [""] * 3
    assert all("the processor did the work" in o.note for o in outcomes)
    assert [job.target.read_bytes() for job in jobs[:3]] == expected


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["encode", "colorize"])
def test_a_processor_without_memory_is_said_of_each_photo(jobs, backend, tiny_weights, stage):
    weak = OnACard.without(backend, tiny_weights, stage, device="cpu")
    with Pipeline(jobs[:3], BatchSettings(), weak) as run:
        assert [o.error for o in run] == [TOO_LITTLE_MEMORY] * 3
    assert threads_left() == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["encode", "colorize"])
@pytest.mark.parametrize("error", [RunFailed("the server is gone."), KeyboardInterrupt()])
def test_what_ends_a_run_ends_it_without_leftovers(jobs, backend, stage, error):
    calls = []

    class Failing(LocalBackend):
        """The real colorizer, until its fourth photo."""

    def fail(self, *arguments):
        calls.append(1)
        if len(calls) > 3:
            raise error
        return getattr(LocalBackend, stage)(self, *arguments)

    setattr(Failing, stage, fail)
    with (
        pytest.raises(type(error)),
        Pipeline(jobs, BatchSettings(), Failing(backend.colorizer, backend.cpu_colorizer)) as run,
    ):
        for _ in run:
            pass
    assert threads_left() == []
    out = jobs[0].target.parent  # not made before the first result
    written = list(out.iterdir()) if out.exists() else []
    assert len(written) < len(jobs)
    for path in written:
        assert path.suffix == ".png"
        assert not path.name.startswith(".")
        with Image.open(path) as picture:
            assert picture.size == (120, 80)


@pytest.mark.slow
def test_a_fault_of_one_photo_is_its_own(jobs, backend):
    jobs[4].source.write_bytes(b"broken")
    jobs[7].source.unlink()
    with Pipeline(jobs, BatchSettings(), backend) as run:
        outcomes = {o.job: o.error for o in run}
    assert "not a picture" in outcomes[jobs[4]]
    assert "cannot be opened" in outcomes[jobs[7]]
    assert sum(not error for error in outcomes.values()) == len(jobs) - 2


@pytest.mark.slow
def test_one_by_one_and_in_a_run_agree(jobs, backend):
    with Pipeline(jobs[:3], BatchSettings(), backend) as run:
        list(run)
    together = [job.target.read_bytes() for job in jobs[:3]]
    for job, data in zip(jobs[:3], together, strict=True):
        assert colorize_one(job, BatchSettings(), backend).skipped
        assert not colorize_one(job, BatchSettings(overwrite=True), backend).error
        assert job.target.read_bytes() == data


def test_plan_rebuilds_the_tree(tmp_path):
    for name in ("a/x.png", "a/b/y.tif", "a/b/y.hints.png", "a/.git/z.png", "a/x.colorized.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CAT.read_bytes())
    planned = plan([tmp_path / "a"], tmp_path / "out", HintSource())
    jobs, failed = planned.jobs, planned.failed
    assert failed == []
    assert [str(j.target.relative_to(tmp_path)) for j in jobs] == [
        "out/x.colorized.png",
        "out/b/y.colorized.png",  # a PNG that was called .tif
    ]
    # The same photo by two ways is one photo.
    again = plan([tmp_path / "a", tmp_path / "a" / "x.png"], None, HintSource())
    twice, failed = again.jobs, again.failed
    assert (len(twice), failed) == (2, [])


def test_a_series_always_takes_colors_from_its_first_result(tmp_path, backend):
    """Also where a photo was named with --reference, besides which a server takes three more."""
    jobs = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((8, 8, 3), (90 + number, 60, 30), np.uint8)).save(path)
        jobs.append(PhotoJob(path, path))
    targets = [job.target for job in jobs]
    run = SeriesRun(jobs, BatchSettings(), backend)
    assert list(run) == []
    assert list(run._settings().references) == [targets[0], *targets[3:]]
    named = BatchSettings(references=(tmp_path / "named.png",))
    run = SeriesRun(jobs, named, backend)
    assert list(run) == []
    assert list(run._settings().references) == [*named.references, targets[0], *targets[4:]]
