"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from handtint_model import Colorizer, load_colorizer, luminance_of
from handtint_model.color.bins import smoothed_prior
from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.checkpoint import Checkpoint

TINY = ModelConfig(
    encoder_blocks=(1, 1, 1),
    global_width=32,
    global_blocks=1,
    global_heads=2,
    decoder_width=32,
    decoder_blocks=(1, 1, 1),
)


os.environ["LANGUAGE"] = "en"  # what is expected of messages is English, whoever runs this


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Small pictures gain nothing from threads, and CI machines are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The large photo sets, where HANDTINT_DATA names them; else the test is skipped."""
    folder = os.environ.get("HANDTINT_DATA")
    if not folder:
        pytest.skip("HANDTINT_DATA does not name the photo sets")
    return Path(folder)


@pytest.fixture(scope="session")
def colorizer() -> Colorizer:
    """The shipped weights on the CPU."""
    return load_colorizer(device="cpu")


@pytest.fixture(scope="session")
def tiny_colorizer() -> Colorizer:
    """A real but small network with seeded weights, for tests where speed matters."""
    torch.manual_seed(5)
    network = ColorNetwork(replace(TINY)).eval().requires_grad_(False)
    prior = smoothed_prior(np.ones(313))
    return Colorizer(Checkpoint(network, prior, {"toy": True}, "tiny"), torch.device("cpu"))


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512) uint8 Y' of scikit-image's astronaut."""
    return luminance_of(data.astronaut())
