"""The same batch spread over a Ray cluster: one colorizer per worker, Ray Data in between.

Photos and results are read and written by the workers themselves, so their paths must
mean the same on every machine, as on a shared folder.  A worker that dies is replaced
and its photos are done again; those it had finished are found finished.
"""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from handtint_model.errors import HandtintError
from handtint_model.files.target import TEMPORARY_SUFFIX, temporary_stem

from .pipeline import LocalBackend, Pipeline
from .plan import BatchSettings, Outcome, PhotoJob

PHOTOS_A_TASK = 4  # what is done again when a worker dies, at most
CPUS_A_WORKER = 2


class RayRun:
    """A run on the cluster that RAY_ADDRESS names, or that runs here, or a local one.

    Iterate over it, once, for the outcomes in the order they come.  workers: how many
    colorizers; None: one for each GPU of the cluster, else one for each two CPUs.
    Raises HandtintError if Ray is not installed or the cluster fails.
    """

    def __init__(
        self,
        jobs: Sequence[PhotoJob],
        settings: BatchSettings,
        *,
        weights: Path | None = None,
        device: str = "auto",
        workers: int | None = None,
    ) -> None:
        self.jobs = [_absolute(job) for job in jobs]
        self.settings = settings
        self.weights = None if weights is None else str(weights.absolute())
        self.device = device
        self.workers = workers

    def __enter__(self) -> RayRun:
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise HandtintError(
                "--engine ray needs Ray; install it with: pip install 'handtint[ray]'"
            ) from error
        self._started = not ray.is_initialized()
        if self._started:
            os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
            try:
                ray.init(logging_level=logging.ERROR, log_to_driver=False)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise HandtintError(f"no Ray cluster can be used: {_first_line(error)}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import ray

        if self._started:
            ray.shutdown()
        # Workers that were killed could not tidy up; whole results have other names.
        for folder, name in {(job.target.parent, job.target.name) for job in self.jobs}:
            for part in folder.glob(f"{glob.escape(temporary_stem(name))}*{TEMPORARY_SUFFIX}"):
                part.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[Outcome]:
        import ray

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        reported = set()
        try:
            for row in self._dataset().iter_rows():
                reported.add(row["index"])
                yield Outcome(self.jobs[row["index"]], row["error"], note=row["note"])
        except ray.exceptions.RayError as error:
            raise HandtintError(f"the Ray run failed: {_first_line(error)}") from error
        if missing := len(self.jobs) - len(reported):
            raise HandtintError(f"the Ray run ended without an answer for {missing} photos.")

    def _dataset(self) -> Any:
        import ray
        import torch

        resources = ray.cluster_resources()
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
        use_gpu = gpus > 0 and self.device in ("auto", "cuda")
        workers = self.workers or (gpus if use_gpu else max(1, cpus // CPUS_A_WORKER))
        blocks = max(1, -(-len(self.jobs) // PHOTOS_A_TASK))
        items = [
            {
                "index": index,
                "source": str(job.source),
                "target": str(job.target),
                "hints": str(job.hint_file or ""),
            }
            for index, job in enumerate(self.jobs)
        ]
        return ray.data.from_items(items, override_num_blocks=blocks).map_batches(
            _Worker,
            fn_constructor_kwargs={
                "settings": self.settings,
                "weights": self.weights,
                "device": self.device,
                "threads": torch.get_num_threads(),
            },
            batch_size=None,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=min(workers, blocks)),
            num_cpus=1 if use_gpu else min(CPUS_A_WORKER, max(1, cpus // workers)),
            num_gpus=1 if use_gpu else 0,
        )


class _Worker:
    """One colorizer in a process of its own.

    threads: as many as a plain run would use where the command was given; Ray would set
    fewer, and the sums of the network depend, in their last bits, on how they are split.
    """

    def __init__(
        self, settings: BatchSettings, weights: str | None, device: str, threads: int
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        self.settings = settings
        self.backend = LocalBackend.load(weights, device)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        jobs = [
            PhotoJob(Path(source), Path(target), Path(hints) if hints else None)
            for source, target, hints in zip(
                batch["source"], batch["target"], batch["hints"], strict=True
            )
        ]
        numbers = dict(zip(jobs, (int(i) for i in batch["index"]), strict=True))
        answer: dict[str, list[Any]] = {"index": [], "error": [], "note": []}
        with Pipeline(jobs, self.settings, self.backend) as run:
            for outcome in run:
                answer["index"].append(numbers[outcome.job])
                answer["error"].append(outcome.error)
                answer["note"].append(outcome.note)
        return answer


def _absolute(job: PhotoJob) -> PhotoJob:
    hints = None if job.hint_file is None else job.hint_file.absolute()
    return PhotoJob(job.source.absolute(), job.target.absolute(), hints)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
