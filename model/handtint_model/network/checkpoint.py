"""Weights as one safetensors file that explains itself.

Metadata: ``format`` and ``version`` of this layout, ``config`` (ModelConfig as JSON),
``prior`` (313 numbers, the smoothed frequencies of the bins that training balanced by),
``decoding`` (`Decoding` as JSON) and ``record`` (how the weights came to be).  The layout is
specified in docs/checkpoint-format.md.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..color.bins import COUNT
from ..color.decoding import Decoding
from ..errors import BadCheckpoint, WriteFailed
from . import ColorNetwork, ModelConfig

FORMAT = "handtint-weights"
VERSION = 1
LARGEST_FILE = 1 << 30
PLAIN = Decoding()
EMBEDDED = Path(__file__).parents[1] / "weights" / "default.safetensors"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network ready to use, with what decoding needs to know of its training."""

    network: ColorNetwork  # float32, in eval mode
    prior: NDArray[np.float64]  # (313,)
    record: Mapping[str, Any]
    weights_id: str  # first 12 hex digits of the file's SHA-256
    decoding: Decoding = PLAIN  # of files that do not say: the mean


def config_from_dict(values: Mapping[str, Any]) -> ModelConfig:
    """A ModelConfig from JSON; unknown names raise BadCheckpoint."""
    known = {f.name for f in fields(ModelConfig)}
    if unknown := sorted(set(values) - known):
        raise BadCheckpoint(
            f"the weights name unknown settings ({', '.join(unknown)}): they were made for "
            "another version of Handtint."
        )
    lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return ModelConfig(**lists)


def save_weights(
    path: Path,
    network: ColorNetwork,
    prior: NDArray[np.float64],
    record: Mapping[str, Any],
    dtype: torch.dtype = torch.float16,
    decoding: Decoding | None = None,
) -> None:
    """Write the network's weights; the file appears whole or not at all.  Raises WriteFailed."""
    tensors = {
        name: tensor.detach().cpu().to(dtype).contiguous()
        for name, tensor in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "config": json.dumps(asdict(network.config)),
        "prior": json.dumps([float(f"{p:.6g}") for p in prior]),
        "record": json.dumps(dict(record)),
    }
    if decoding is not None:
        metadata["decoding"] = json.dumps(decoding.to_json())
    _write(path, tensors, metadata)


def save_decoding(source: Path | None, target: Path, decoding: Decoding) -> None:
    """Write weights again with another decoding; tensors and all else stay as they are.

    source: None for the embedded weights.  Raises BadCheckpoint as `load_weights` does, and
    WriteFailed.
    """
    from safetensors.torch import load_file

    source = EMBEDDED if source is None else source
    metadata = _metadata(source) | {"decoding": json.dumps(decoding.to_json())}
    _write(target, load_file(str(source)), metadata)


def _write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file whole or not at all.  Raises WriteFailed."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, str(temporary), metadata)
        temporary.chmod(0o644)  # safetensors makes it readable by its owner alone
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise WriteFailed(f"the weights {path} cannot be written: {error}.") from error


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadCheckpoint(f"{path} is larger than 1 GB: these are not Handtint weights.")
        with safe_open(str(path), "pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except FileNotFoundError as error:
        raise BadCheckpoint(f"there are no weights at {path}.") from error
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"the weights {path} are damaged or no safetensors file.") from error
    if metadata.get("format") != FORMAT:
        raise BadCheckpoint(f"{path} does not hold Handtint weights.")
    if metadata.get("version") != str(VERSION):
        raise BadCheckpoint(
            f"{path} has version {metadata.get('version')} of the weights format; this Handtint "
            f"reads version {VERSION}."
        )
    return metadata


def _fitting(config: ModelConfig) -> None:
    """Refuse sizes that no honest file has, before memory is taken for them."""
    sizes = [config.global_width, config.decoder_width, config.embedding, config.bins]
    counts = [config.global_blocks, config.global_heads, *config.decoder_blocks]
    if (
        config.bins != COUNT
        or not all(isinstance(n, int) and 1 <= n <= 2048 for n in sizes)
        or not all(isinstance(n, int) and 0 <= n <= 64 for n in counts)
        or len(config.decoder_blocks) != 3
        or len(config.encoder_blocks) != 3
        or not all(isinstance(n, int) and 1 <= n <= 64 for n in config.encoder_blocks)
        or config.global_width % 32
        or config.decoder_width % 32
        or config.global_heads < 1
        or config.global_width % config.global_heads
        or config.stem_norm not in ("group", "batch")
        or not math.isfinite(config.input_mean)
    ):
        raise BadCheckpoint("the weights' settings are not possible ones: the file is damaged.")


def load_weights(path: Path | str | None = None) -> Checkpoint:
    """Read weights; None means the embedded ones.  Raises BadCheckpoint.

    A damaged, foreign or oversized file is refused before its tensors are used; the network
    comes in float32, in eval mode, on the CPU.
    """
    from safetensors.torch import load_file

    path = EMBEDDED if path is None else Path(path)
    metadata = _metadata(path)
    try:
        config = config_from_dict(json.loads(metadata["config"]))
        _fitting(config)
        prior = np.array(json.loads(metadata["prior"]), np.float64)
        record = json.loads(metadata["record"])
        decoding = Decoding()
        if "decoding" in metadata:
            decoding = Decoding.from_json(json.loads(metadata["decoding"]))
        if prior.shape != (COUNT,) or not np.isfinite(prior).all() or (prior <= 0).any():
            raise ValueError("prior")
        if not isinstance(record, dict):
            raise TypeError("record")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadCheckpoint(f"the metadata of the weights {path} are damaged.") from error
    with torch.device("meta"):
        network = ColorNetwork(config)
    tensors = load_file(str(path))
    for name, parameter in network.state_dict().items():
        if name not in tensors or tensors[name].shape != parameter.shape:
            raise BadCheckpoint(f"the weights {path} do not fit their settings at {name}.")
        if not tensors[name].is_floating_point() or not tensors[name].isfinite().all():
            raise BadCheckpoint(f"the weights {path} hold values that are no numbers at {name}.")
    network.load_state_dict(
        {name: tensors[name].float() for name in network.state_dict()}, assign=True
    )
    network.eval().requires_grad_(False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Checkpoint(network, prior, record, digest[:12], decoding)
