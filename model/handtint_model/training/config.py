"""All settings of a training run, saved with the run."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ..errors import BadOption
from ..network import ModelConfig


@dataclass(frozen=True)
class Stage:
    """A part of the run with its own crop size."""

    until: float  # fraction of the run at which it ends
    crop: int  # pixels, a multiple of 32
    batch: int  # photos per step
    scale: tuple[float, float] | None = None  # area of the photo that a crop shows; None: the run's


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training run; `presets` has the named ones of the docs."""

    model: ModelConfig = field(default_factory=ModelConfig)
    loss: str = "rebalanced"  # "plain": weights 1; "regression": L2 of ab (ablations)
    lightness_bands: bool = False  # rebalance by bin and lightness, not by bin alone
    stem: str = "compensated"  # "naive": kernels summed, input not centred (ablations)
    calibrate: bool = True  # GroupNorm's affine fitted to the original stem
    stages: tuple[Stage, ...] = (Stage(0.65, 160, 16), Stage(1.0, 224, 8))
    scale: tuple[float, float] = (0.4, 1.0)  # area of the photo that a crop shows
    learning_rate: float = 1e-3
    encoder_rate: float = 0.02  # times the learning rate, once the encoder is free
    encoder_frozen: float = 0.65  # fraction of the run
    second_encoder_frozen: bool = False  # as it came, all the run; what joins it to the rest learns
    weight_decay: float = 0.02
    warmup: float = 0.02  # fraction of the run
    clip: float = 1.0  # gradient norm
    ema: float = 0.999
    share_without_hints: float = 0.15
    share_altered: float = 0.1  # samples whose truth's ab is rotated and scaled as a whole
    share_altered_object: float = 0.3  # samples of whose truth one object is shifted in ab
    share_film: float = 0.0  # samples seen as by film that does not see all colours alike
    share_toned: float = 0.0  # samples seen through another tone curve, as of a faded print
    share_worn: float = 0.0  # samples seen blurred, grainy or both
    share_pasted: float = 0.0  # samples with a rectangle of another one in them
    dropout: float = 0.0  # of the blocks that are trained from scratch
    second_encoder_dropout: float = 0.0  # share of photos that are seen without it
    hint_loss: float = 1.0
    hint_error: float = 1.0  # weight of the hinted colour's log error beside its cross-entropy
    balance: float = 0.5  # a source of n photos is drawn in proportion to n ** balance
    min_chroma: float = 4.0  # photos of less mean chroma are dropped as gray
    min_colorfulness: float = 15.0  # of Hasler and Suesstrunk; photos of less are dropped
    least_side: float = 0.9  # in crops: a photo whose short side is smaller is not drawn
    correct_cast: bool = True  # take sure colour casts out of the photos
    workers: int = 1
    cache_gb: float = 4.0  # decoded photos kept in memory, per worker
    seed: int = 0
    compile: bool = False  # torch.compile: a tenth faster on a CPU, needs a C++ compiler
    bf16: bool | None = None  # None: where the processor multiplies in it (`precision`)

    def __post_init__(self) -> None:
        shares = [f.name for f in fields(self) if f.name.startswith("share_")]
        for name in (*shares, "dropout", "second_encoder_dropout", "encoder_frozen", "warmup"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise BadOption(f"{name} must be between 0 and 1, not {value!r}.")


@dataclass(frozen=True)
class StrokeConfig:
    """A run that trains the stroke decoder."""

    crop: int = 192
    with_masks: int = 5  # pictures with masks per step
    plain: int = 3  # pictures without, for points alone
    learning_rate: float = 1.5e-3
    network_rate: float = 0.0  # times the learning rate, for the network that it sits on; 0: frozen
    encoder_rate: float = 0.1  # times that, for the encoder
    second_encoder_frozen: bool = False
    color_weight: float = 2.0  # of the points' loss beside the objects'
    weight_decay: float = 0.05
    dropout: float = 0.1
    ema: float = 0.998
    seed: int = 0

    def __post_init__(self) -> None:
        if self.crop < 64 or self.crop % 32:
            raise BadOption(f"crop must be a multiple of 32 from 64 on, not {self.crop!r}.")
        if self.with_masks < 1 or self.plain < 0:
            raise BadOption("a step needs at least one picture with masks.")
        if not 0.0 <= self.dropout < 1.0:
            raise BadOption(f"dropout must be between 0 and 1, not {self.dropout!r}.")
