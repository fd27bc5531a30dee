"""Named training runs and their JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import BadOption
from ..network import ModelConfig
from .config import Stage, StrokeConfig, TrainConfig

_TOY_MODEL = ModelConfig(
    global_width=64, global_blocks=1, global_heads=2, decoder_width=32, decoder_blocks=(1, 1, 1)
)

# Six runs that are equal but for one thing each (docs/why-it-works.md).  Hints are left out, so
# that the automatic colour's loss is all that differs: a regression has no bins to mix them into.
_ABLATION = TrainConfig(
    stages=(Stage(0.65, 160, 32), Stage(1.0, 224, 32)),
    ema=0.998,  # shorter than the default's, as the runs are
    hint_loss=0.0,
    hint_error=0.0,
    share_without_hints=1.0,
    share_altered=0.0,
    share_altered_object=0.0,
)
_BATCH_NORM = ModelConfig(stem_norm="batch")

PRESETS: Mapping[str, TrainConfig] = {
    "default": TrainConfig(),
    # Seconds to minutes on a laptop, to see that everything works; not for good colour.
    "toy": TrainConfig(
        model=_TOY_MODEL, stages=(Stage(1.0, 64, 8),), workers=0, encoder_frozen=0.5, bf16=False
    ),
    # For a data-centre GPU: larger batches and crops, the encoder trained from the start.
    "gpu": TrainConfig(
        stages=(Stage(0.6, 192, 128), Stage(1.0, 256, 64)),
        encoder_frozen=0.1,
        encoder_rate=0.05,
    ),
    # A later run on the weights of an earlier one: small rate, everything free.
    "finetune": TrainConfig(
        stages=(Stage(0.5, 192, 12), Stage(1.0, 256, 6)),
        learning_rate=2e-4,
        encoder_frozen=0.0,
        encoder_rate=0.05,
    ),
    # Without a pretrained encoder: nothing in the weights but one's own photos.
    "scratch": TrainConfig(
        stages=(Stage(0.7, 128, 16), Stage(1.0, 192, 8)), encoder_frozen=0.0, encoder_rate=1.0
    ),
    "ablation-a": _ABLATION,
    "ablation-b": replace(_ABLATION, loss="plain"),
    "ablation-c": replace(_ABLATION, loss="regression"),
    "ablation-d": replace(_ABLATION, model=_BATCH_NORM),
    "ablation-e": replace(_ABLATION, model=replace(_BATCH_NORM, input_mean=0.0), stem="naive"),
    "ablation-f": replace(
        _ABLATION, model=ModelConfig(input_mean=0.0), stem="naive", calibrate=False
    ),
}


def _stage(values: Mapping[str, Any]) -> Stage:
    stage = Stage(**values)
    if stage.scale is None:
        return stage
    least, most = stage.scale
    return replace(stage, scale=(least, most))


def _from_dict(kind: type[Any], values: Mapping[str, Any], base: Any) -> Any:
    known = {f.name for f in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise BadOption(f"unknown training settings: {', '.join(unknown)}.")
    new: dict[str, Any] = {}
    for name, value in values.items():
        old = getattr(base, name)
        if is_dataclass(old) and isinstance(value, Mapping):
            new[name] = _from_dict(type(old), value, old)
        elif name == "stages":
            new[name] = tuple(_stage(stage) for stage in value)
        elif isinstance(value, list):
            new[name] = tuple(value)
        else:
            new[name] = value
    return replace(base, **new)


def read_config(name: str) -> TrainConfig:
    """A preset by name, or a JSON file with fields of TrainConfig.

    The file may name a preset to start from under "preset".  Raises BadOption.
    """
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name)
    if not path.is_file():
        raise BadOption(
            f"there is no training config {name}; choose {', '.join(PRESETS)} or a file."
        )
    try:
        values = json.loads(path.read_text())
        base = PRESETS[values.pop("preset", "default")]
        config = _from_dict(TrainConfig, values, base)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOption(f"the training config {name} cannot be used: {error}.") from error
    assert isinstance(config, TrainConfig)
    return config


def read_stroke_config(name: str) -> StrokeConfig:
    """ "default", or a JSON file with fields of StrokeConfig.  Raises BadOption."""
    if name == "default":
        return StrokeConfig()
    path = Path(name)
    if not path.is_file():
        raise BadOption(f"there is no config {name} for the stroke decoder; name a JSON file.")
    try:
        config = _from_dict(StrokeConfig, json.loads(path.read_text()), StrokeConfig())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOption(f"the training config {name} cannot be used: {error}.") from error
    assert isinstance(config, StrokeConfig)
    return config
