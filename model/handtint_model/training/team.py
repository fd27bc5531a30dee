"""The processes that `torchrun` started together, or a single one without it.

Each draws its own photos. Gradients are averaged, so all hold the same weights. The first process,
`main`, writes the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..errors import BadOption

T = TypeVar("T")
PATIENCE = timedelta(hours=1)
"""How long processes wait for one another: the first writes sheets meanwhile."""


@dataclass(frozen=True)
class Team:
    """One of ``size`` processes; ``device`` is its own."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, value: T) -> T:
        """The first process's value, given to all."""
        if self.size == 1:
            return value
        held = [value]
        dist.broadcast_object_list(held, 0)
        return held[0]

    def mean(self, values: Sequence[float]) -> list[float]:
        """Each number's mean over the processes, the same in all of them."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return [float(value) / self.size for value in total.tolist()]


def in_team() -> bool:
    """Whether `torchrun`, or something like it, started this process."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


def is_main() -> bool:
    """Whether this process is the only or the first one; works before a team is joined."""
    return not in_team() or os.environ["RANK"] == "0"


@contextmanager
def join(device: str) -> Iterator[Team]:
    """The team of this process: gloo between CPUs, nccl between CUDA devices.

    device: auto, cpu, cuda or cuda:N; in a team, cuda means one device for every process of
    this machine.  Raises BadOption.
    """
    chosen = device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    where = torch.device(chosen)
    if not in_team():
        yield Team(where)
        return
    if where.type == "cuda":
        place, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if where.index is not None:
            raise BadOption("under torchrun every process has a device of its own: --device cuda.")
        if place >= there:
            raise BadOption(
                f"torchrun starts more processes than this machine has CUDA devices ({there}): "
                f"give --nproc-per-node {max(1, there)}, or --device cpu."
            )
        where = torch.device("cuda", place)
        torch.cuda.set_device(where)
    dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Team(where, dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


class _Losses(nn.Module):
    """The losses as a module, so that DistributedDataParallel sees all parameters they use.

    Sigma and gamma are used after the network's forward pass. If only the network were wrapped,
    their gradients would not be averaged.
    """

    def __init__(self, network: nn.Module, compute: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.compute = compute

    def forward(self, *arguments: Any) -> Any:
        return self.compute(*arguments)


def sharing_gradients(
    team: Team, network: nn.Module, compute: Callable[..., tuple[Tensor, Tensor]], *, partial: bool
) -> Callable[..., tuple[Tensor, Tensor]]:
    """``compute``, whose backward pass averages the network's gradients over the team.

    What is frozen now takes no part: call again when that changes.  partial: whether a step
    may leave some free parameters unused.
    """
    if team.size == 1:
        return compute
    shared: Callable[..., tuple[Tensor, Tensor]] = DistributedDataParallel(
        _Losses(network, compute), find_unused_parameters=partial
    )
    return shared
