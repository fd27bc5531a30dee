"""What a run starts from: a network, and how often each bin occurs in photographs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..color.bins import COUNT
from ..errors import BadCheckpoint
from ..network import ColorNetwork
from ..network.checkpoint import config_from_dict, load_weights
from ..network.encoder import blocks_of, calibrate_stem, load_pretrained, read_encoder_file
from ..network.second_encoder import load_pretrained_second, read_second_encoder_file
from .config import Stage, TrainConfig
from .feed import Feed
from .lightness_bands import count_by_band
from .samples import measure_prior, prepare
from .team import Team

PRIOR_CROPS = 3000


@dataclass(frozen=True, eq=False)
class Beginning:
    """A network to train, on the CPU, the same in all processes of a team."""

    network: ColorNetwork
    config: TrainConfig  # with the network's sizes
    counts: NDArray[np.float64]  # (313,) of the bins
    band_counts: NDArray[np.float64] | None  # (BANDS, 313), if the run weighs by lightness
    state: dict[str, Any] | None  # the checkpoint to go on from


def fitted(config: TrainConfig, names: Iterable[str]) -> TrainConfig:
    """The configuration, with the number of encoder blocks that the given tensors have."""
    blocks = blocks_of(name.removeprefix("encoder.") for name in names)
    return replace(config, model=replace(config.model, encoder_blocks=blocks))


def build(config: TrainConfig, encoder_file: Path | None) -> ColorNetwork:
    """A network with the pretrained encoder; None: with a random one, for tests."""
    torch.manual_seed(config.seed)
    tensors = None if encoder_file is None else read_encoder_file(encoder_file)
    network = ColorNetwork(config.model if tensors is None else fitted(config, tensors).model)
    network.initialize()
    if tensors is not None:
        load_pretrained(network.encoder, tensors, compensated=config.stem == "compensated")
    return network


def begin(
    team: Team,
    feed: Feed,
    config: TrainConfig,
    state: dict[str, Any] | None,
    *,
    out: Path,
    encoder_file: Path | None,
    start_from: Path | None,
    second_encoder_file: Path | None = None,
) -> Beginning:
    """Start from a checkpoint (``state``), from weights, or from the pretrained encoder only."""
    network = _network(config, state, out, encoder_file, start_from)
    if second_encoder_file is not None and state is None:
        network = with_second_encoder(network, second_encoder_file)
    config = replace(config, model=network.config)
    if state is not None:
        network.load_state_dict(state["network"])
        banded = state.get("band_counts")
        banded = None if banded is None else np.array(banded)
        return Beginning(network, config, np.array(state["counts"]), banded, state)
    counts, banded = np.zeros(COUNT), None
    if team.main:
        calibrated = encoder_file is not None and config.calibrate and start_from is None
        counts = _look_at_photos(network, config, feed, calibrated)
        if config.lightness_bands:
            stream = feed.from_the_start(Stage(1.0, config.stages[0].crop, 50))
            banded = count_by_band(stream, PRIOR_CROPS)
    counts, banded, start = team.share((counts, banded, network.state_dict()))
    network.load_state_dict(start)
    return Beginning(network, config, counts, banded, None)


def with_second_encoder(network: ColorNetwork, file: Path) -> ColorNetwork:
    """The network with a pretrained second encoder, which changes next to nothing yet.

    Raises BadCheckpoint.  One that it may have already is replaced.
    """
    tensors = read_second_encoder_file(file)
    wider = ColorNetwork(replace(network.config, second_encoder=True))
    wider.load_state_dict(network.state_dict(), strict=False)
    assert wider.second is not None
    load_pretrained_second(wider.second, tensors)
    return wider


def _network(
    config: TrainConfig,
    state: dict[str, Any] | None,
    out: Path,
    encoder_file: Path | None,
    start_from: Path | None,
) -> ColorNetwork:
    if state is not None:
        if "model" not in state:
            raise BadCheckpoint(f"the checkpoint in {out} is of an older version.")
        return build(replace(config, model=config_from_dict(state["model"])), None)
    if start_from is None:
        return build(config, encoder_file)
    weights = load_weights(start_from).network
    network = build(replace(config, model=weights.config), None)
    network.load_state_dict(weights.state_dict())
    return network


def _look_at_photos(
    network: ColorNetwork, config: TrainConfig, feed: Feed, calibrated: bool
) -> NDArray[np.float64]:
    """Count the bins of training crops, and fit the stem's GroupNorm to what BatchNorm did."""
    stream = feed.from_the_start(Stage(1.0, config.stages[0].crop, 50))
    counts = measure_prior(stream, PRIOR_CROPS)
    if calibrated:
        pictures = torch.cat([prepare(next(stream)[0].cpu()).lightness for _ in range(6)])
        if config.model.stem_norm == "group":
            error = calibrate_stem(network.encoder, pictures - config.model.input_mean)
            print(f"stem: GroupNorm reproduces the original within {error:.3f}")
    return counts
