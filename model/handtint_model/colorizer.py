"""The colorizer: encode a photo once, colorize it as often as hints change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cell_colors import CellColors
from .color.bins import (
    decode_distribution,
    mean_color,
    rebalancing_weights,
)
from .color.decoding import calibrated
from .device import select_device
from .encoded_photo import EncodedPhoto, cells_at
from .encoding import run_network
from .errors import BadOption
from .geometry import Geometry, reduce_to
from .hints.compositing import flatten
from .hints.full_resolution import FullResolutionCorrection
from .hints.pooling import pool
from .hints.suggestions import (
    DOUBT,
    DOUBT_TEMPERATURE,
    Suggestion,
    as_seen,
    choose_colors,
    rgb_at,
    usual_colors,
)
from .hints.uncertainty import help_of_hints, help_of_strokes
from .kernels import prepare
from .luminance import check_luminance
from .network.checkpoint import Checkpoint, load_weights
from .render.downsample import reduce_lightness
from .render.render import Colors, render
from .render.upsample import guide_shape
from .types import ALTERNATIVES, ColorizeOptions, Hints, Plane, Progress, is_number

Region = tuple[int, int, int, int]

SUGGEST_TILT = 0.0
"""r of decoding for suggestions: as trained, towards rare colours, which are worth proposing."""


def load_colorizer(weights: Path | str | None = None, device: str = "auto") -> Colorizer:
    """A colorizer on the embedded weights or a file's, on the best device or a named one.

    Raises BadCheckpoint for weights that cannot be used, DeviceProblem for a device that
    does not exist.
    """
    return Colorizer(load_weights(weights), select_device(device))


class Colorizer:
    """A network with its decoding, on one device.  Safe to use from several threads."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.checkpoint = checkpoint
        self.torch_device = device
        self.network = checkpoint.network.to(device)
        if device.type == "cpu":
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights = torch.tensor(
            rebalancing_weights(checkpoint.prior), dtype=torch.float32, device=device
        )
        self.decoding = checkpoint.decoding
        self.cells = CellColors(self.network, self.weights, self.decoding, device)
        self._usual = usual_colors(checkpoint.prior)

    @property
    def device(self) -> str:
        """The device's name, for example "cpu" or "cuda:0"."""
        return str(self.torch_device)

    @property
    def weights_id(self) -> str:
        """A short hash of the weights."""
        return self.checkpoint.weights_id

    @property
    def record(self) -> Mapping[str, Any]:
        """How the weights came to be."""
        return self.checkpoint.record

    @staticmethod
    def prepare() -> None:
        """Load the inner loops now that hints would load one by one: a tenth of a second."""
        prepare()

    @torch.inference_mode()
    def encode(
        self,
        luminance: Plane,
        *,
        render_size: int | None = None,
        alpha: Plane | None = None,
        progress: Progress | None = None,
    ) -> EncodedPhoto:
        """Run the network on a photo: the slow part, needed once.

        luminance: (H, W) uint8, uint16 or float32 (0..1), Y' (`luminance_of`); kept, not
        copied, so it must not be changed afterwards.  alpha: (H, W) or None; transparent
        pixels influence nothing.  render_size: pixels of the short side that the network
        sees; None takes the default of `ColorizeOptions`.  Raises BadImage, BadOption.
        """
        options = ColorizeOptions()
        if render_size is not None:
            options = replace(options, render_size=render_size)
        plane = check_luminance(luminance)
        geometry = Geometry.fit(plane.shape[0], plane.shape[1], options.render_size)
        if progress is not None:
            progress("reduce", 0.0)
        shape = guide_shape((plane.shape[0], plane.shape[1]), geometry.cells_per_pixel)
        guide = reduce_lightness(plane, *shape, alpha)
        lightness = reduce_to(guide, geometry.scaled)
        heads, strokes = run_network(
            self.network, lightness, geometry, geometry.windows(options.render_size), progress
        )
        return EncodedPhoto(
            plane, options.render_size, geometry, guide, heads, self.weights_id, strokes
        )

    @torch.inference_mode()
    def colorize(
        self,
        photo: EncodedPhoto,
        hints: Hints | None = None,
        *,
        vividness: float | None = None,
        strength: float | None = None,
        options: ColorizeOptions | None = None,
        region: Region | None = None,
        progress: Progress | None = None,
    ) -> NDArray[Any]:
        """The photo in colour: fast, as often as hints or options change.

        hints: painted colours; None or unpainted ones give the automatic colours.
        vividness, strength: 0..1, see `ColorizeOptions`; in place of those of ``options``.
        options: None takes the defaults, at the photo's own render size.
        region: (x, y, w, h) in pixels, answer only that rectangle.
        progress: called with "render" and 0..1, often; what it raises passes through.
        Returns (H, W, 3), or (h, w, 3) of the region, in the photo's type; the Y' of every
        pixel is the photo's.  Raises BadOption, also where the photo was encoded with other
        weights or at another render size than the options name.
        """

        def may_stop() -> None:
            """Let the caller cancel here: in live painting every new stroke cancels the previous
            request and waits until it has stopped."""
            if progress is not None:
                progress("render", 0.0)

        chosen = self._options(photo, options, vividness, strength)
        automatic = self.cells.automatic(photo, chosen.vividness, chosen.alternative)
        may_stop()
        pieces = flatten(hints, photo.geometry)
        pooled = pool(pieces, photo.geometry, chosen.strength)
        colors: Colors = automatic.field
        if pooled.number.size:
            may_stop()
            ab = self.cells.hinted_ab(photo, automatic.ab, pooled)
            may_stop()
            hinted = self.cells.field(photo, ab)
            may_stop()
            colors = FullResolutionCorrection(
                photo.luminance,
                photo.guide,
                photo.geometry.cells[0],
                automatic.field,
                hinted,
                pieces,
                chosen.strength,
            )
        may_stop()
        cells_per_pixel = photo.geometry.cells_per_pixel
        return render(photo.luminance, colors, cells_per_pixel, region=region, progress=progress)

    def alternatives(
        self,
        photo: EncodedPhoto,
        hints: Hints | None = None,
        n: int = ALTERNATIVES,
        *,
        options: ColorizeOptions | None = None,
        progress: Progress | None = None,
    ) -> list[NDArray[Any]]:
        """Colourings of a photo that each hold together and differ visibly, likeliest first.

        The first is what `colorize` gives; the k-th what it gives with ``alternative`` k.  Hints
        are obeyed in all of them.  n: 1..4.  The rest, and errors, as for `colorize`.
        """
        if not (is_number(n) and 1 <= n <= ALTERNATIVES and int(n) == n):
            raise BadOption(f"n must be a whole number between 1 and {ALTERNATIVES}, not {n!r}.")
        chosen = self._options(photo, options)
        return [
            self.colorize(
                photo, hints, options=replace(chosen, alternative=number), progress=progress
            )
            for number in range(int(n))
        ]

    def _options(
        self,
        photo: EncodedPhoto,
        options: ColorizeOptions | None,
        vividness: float | None = None,
        strength: float | None = None,
    ) -> ColorizeOptions:
        """The options to use; raises BadOption where they do not fit the photo."""
        if photo.weights_id != self.weights_id:
            raise BadOption("the photo was encoded with other weights; encode it again.")
        chosen = options or ColorizeOptions(render_size=photo.render_size)
        if chosen.render_size != photo.render_size:
            raise BadOption(
                f"the photo was encoded at render size {photo.render_size}, not "
                f"{chosen.render_size}; encode it again, or leave render_size as it was."
            )
        return replace(
            chosen,
            vividness=chosen.vividness if vividness is None else vividness,
            strength=chosen.strength if strength is None else strength,
        )

    @torch.inference_mode()
    def agreed(self, photo: EncodedPhoto) -> Tensor:
        """(N, 313) what decoding decides on: calibrated distributions, cells having agreed."""
        return self.cells.agreed(photo).dense()

    @torch.inference_mode()
    def probabilities(
        self,
        photo: EncodedPhoto,
        hints: Hints | None = None,
        *,
        vividness: float | None = None,
        strength: float | None = None,
        options: ColorizeOptions | None = None,
    ) -> NDArray[np.float32]:
        """p' per cell, (313, h, w) float32: the distribution whose mean is the colour.

        Arguments and errors as for `colorize`.
        """
        chosen = self._options(photo, options, vividness, strength)
        return self.cells.distribution(photo, hints, chosen)[0].cpu().numpy()

    @torch.inference_mode()
    def suggest(
        self,
        photo: EncodedPhoto,
        where: tuple[float, float] | NDArray[np.bool_],
        hints: Hints | None = None,
        *,
        n: int = 9,
        strength: float | None = None,
    ) -> list[Suggestion]:
        """The likeliest distinct colours at a place, likeliest first.

        where: (x, y) in pixels of the photo, or an (H, W) bool mask of it.  hints: what is
        painted already is counted in.  n: 1..32 colours at most.  They are in the gamut at
        the lightness of the place and at least 8 apart in ab; fewer come back where the
        gamut has no room for n.  Raises BadOption.
        """
        if not (is_number(n) and 1 <= n <= 32 and int(n) == n):
            raise BadOption(f"n must be a whole number between 1 and 32, not {n!r}.")
        chosen = self._options(photo, None, strength=strength)
        cells, lightness = cells_at(photo, where)
        picked = torch.from_numpy(cells).to(self.torch_device)
        logits = photo.heads.logits[0].flatten(1)[:, picked]  # (313, M)
        p = self._suggested(logits, 1.0)
        doubtful = self._suggested(logits, DOUBT_TEMPERATURE)
        pooled = pool(flatten(hints, photo.geometry), photo.geometry, chosen.strength)
        free: NDArray[np.float64] | float = 1.0
        hinted: NDArray[np.float64] | float = 0.0
        if pooled.number.size:
            reached = self.cells.propagated(photo, pooled)
            values = self.cells.bins_of(reached.sources.ab), self.cells.bins_of(pooled.ab)
            hinted = as_seen(reached.mean_at(cells, *values), lightness)
            free = 1.0 - reached.trust[cells]
        doubtful, p = ((q * free).mean(axis=1) + hinted for q in (doubtful, p))
        # Even where something is painted, other colours are proposed beside it: nine are asked for.
        proposed = (1.0 - DOUBT) * doubtful + DOUBT * self._usual
        return [
            Suggestion(rgb_at(lightness, ab), (float(ab[0]), float(ab[1])), share)
            for ab, share in choose_colors(proposed, p, lightness, n)
        ]

    def _suggested(self, logits: torch.Tensor, temperature: float) -> NDArray[np.float64]:
        """(313, M) distributions of logits (313, M)."""
        p = decode_distribution(logits[None, :, :, None], self.weights, SUGGEST_TILT, temperature)
        return np.asarray(p[0, :, :, 0].cpu().double().numpy())

    @torch.inference_mode()
    def uncertainty(self, photo: EncodedPhoto, hints: Hints | None = None) -> NDArray[np.float32]:
        """(h, w) float32 in 0..1, per cell: where a hint would help most.

        The help of a hint at a cell is the sum, over all cells that it would fill, of their
        uncertainty: the standard deviation in ab of the calibrated distribution, less what the
        given hints have settled.  0: no help; 1: it would settle a whole, very uncertain picture.
        Raises BadOption where the photo was encoded with other weights.
        """
        self._options(photo, None)
        p = calibrated(photo.heads.logits, self.weights)
        mean = mean_color(p)[0]
        square = torch.einsum("khw,k->hw", p[0], self.cells.soft_encoding.centers.square().sum(1))
        spread = (square - mean.square().sum(0)).clamp(min=0).sqrt().flatten()
        pooled = pool(flatten(hints, photo.geometry), photo.geometry, ColorizeOptions().strength)
        if pooled.number.size:
            settled = torch.from_numpy(self.cells.propagated(photo, pooled).trust).to(spread)
            spread = spread * (1.0 - settled)
        gain = help_of_hints(photo.heads, spread, self.network.log_sigma).cpu().numpy()
        reach = self.cells.reach(photo)
        if reach is not None:
            gain = help_of_strokes(reach, spread.cpu().numpy(), gain)
        return np.asarray(gain.reshape(photo.geometry.cells))
