"""The methods that are compared, baselines and colorizers, behind one interface.

A method is started once per photo and then answers any number of hint sets. So what does not
depend on hints, such as the network's pass, is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BadOption
from ..types import ColorizeOptions, Hints
from .baselines import LevinPropagation
from .calibration import calibrated_cross_entropy
from .lab import lab_to_rgb
from .protocols import PaintedHints, Truth

Array = NDArray[Any]

Answers = Callable[[PaintedHints], list[Array]]
"""Hints to results, (H, W, 3) sRGB 0..1, one per label of the method."""


class Method(Protocol):
    """A way to colorize photos, perhaps in several variants at once."""

    labels: tuple[str, ...]
    vividness: tuple[float | None, ...]  # of each label; None for what has none
    uses_hints: bool

    def start(self, truth: Truth) -> Answers:
        """Prepare for one photo. Of ``truth`` only the luminance may be used."""


class Gray:
    """No colour at all."""

    labels: tuple[str, ...] = ("gray",)
    vividness: tuple[float | None, ...] = (None,)
    uses_hints = False

    def start(self, truth: Truth) -> Answers:
        """See `Method.start`."""
        gray = np.repeat(truth.luminance[..., None], 3, axis=2)
        return lambda hints: [gray]


class Levin:
    """Levin et al. 2004, guided by L*; a and b are spread separately from the same hints."""

    labels: tuple[str, ...] = ("levin",)
    vividness: tuple[float | None, ...] = (None,)
    uses_hints = True

    def start(self, truth: Truth) -> Answers:
        """See `Method.start`."""
        gray = np.repeat(truth.luminance[..., None].astype(np.float64), 3, axis=2)
        spread = LevinPropagation(truth.lab[..., 0] / 100.0)

        def answer(hints: PaintedHints) -> list[Array]:
            if not len(hints):
                return [gray]
            ab = spread(*hints.paint())
            return [lab_to_rgb(np.concatenate([truth.lab[..., :1], ab], axis=-1))]

        return answer


class Ours:
    """A `Colorizer` at one or more vividness values; the photo is encoded once for all.

    vividness: None stands for the colorizer's default.  with_entropy: the calibrated
    cross-entropy of every photo is kept too.
    """

    uses_hints = True

    def __init__(
        self,
        colorizer: Any,
        vividness: Sequence[float | None] = (None,),
        name: str = "handtint",
        *,
        with_entropy: bool = False,
    ) -> None:
        self._colorizer = colorizer
        default = ColorizeOptions().vividness
        self.vividness: tuple[float | None, ...] = tuple(
            default if v is None else float(v) for v in vividness
        )
        self._with_entropy = with_entropy
        self.cross_entropy: list[float] = []  # of every photo that was started
        self.labels = tuple(name if v is None else f"{name} v={v:g}" for v in vividness)

    def start(self, truth: Truth) -> Answers:
        """See `Method.start`."""
        photo = self._colorizer.encode(truth.luminance)
        if self._with_entropy:
            self.cross_entropy.append(calibrated_cross_entropy(self._colorizer, photo, truth.ab))

        def answer(hints: PaintedHints) -> list[Array]:
            painted = hints.as_hints() if len(hints) else Hints()
            return [self._colorizer.colorize(photo, painted, vividness=v) for v in self.vividness]

        return answer


BASELINES = ("gray", "levin")


def baseline(name: str) -> Method:
    """The baseline called ``name``, one of BASELINES."""
    known: dict[str, Callable[[], Method]] = {"gray": Gray, "levin": Levin}
    if name not in known:
        raise BadOption(f"a baseline is one of {', '.join(known)}, not {name!r}.")
    return known[name]()
