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

from .cell_colors import CellColors, Look, References
from .color.bins import SoftEncoding, rebalancing_weights
from .color.decoding import calibrated
from .device import require_room, select_device
from .encoded_photo import Automatic, EncodedPhoto, cells_at
from .encoding import run_network
from .errors import BadOption
from .geometry import Geometry, reduce_to
from .hint_colors import HintColors, layers_of
from .hints.suggestions import (
    DOUBT_TEMPERATURE,
    Suggestion,
    as_seen,
    propose,
    suggested,
    usual_colors,
)
from .hints.uncertainty import color_spread, help_of_hints, help_of_strokes
from .kernels import prepare
from .luminance import check_luminance
from .network.checkpoint import Checkpoint, load_weights
from .render.downsample import reduce_lightness
from .render.render import render
from .render.thumbnail import small_plane
from .render.upsample import guide_shape
from .types import (
    ALTERNATIVES,
    THUMBNAIL_SIZES,
    ColorizeOptions,
    Hints,
    Plane,
    Progress,
    whole_number,
)

Region = tuple[int, int, int, int]


def load_colorizer(weights: Path | str | None = None, device: str = "auto") -> Colorizer:
    """A colorizer on the embedded weights or a file's, on the best device or a named one.

    Raises BadCheckpoint for weights that cannot be used, DeviceProblem for a device that
    does not exist, MemoryError where a limit leaves too little.
    """
    colorizer = Colorizer(load_weights(weights), select_device(device))
    require_room()
    return colorizer


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
        self._soft_encoding = SoftEncoding(device)
        self.decoding = checkpoint.decoding
        references = References(self.encode)
        self._painted = HintColors(self.network, self._soft_encoding)
        self._cells = CellColors(
            self.weights, self.decoding, self._soft_encoding, self._painted.graph, references
        )
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
        look = self._cells.look(hints, chosen)
        automatic = self._automatic(photo, look)
        may_stop()
        colors = self._painted.colors(
            photo,
            automatic,
            layers_of(photo, hints, chosen.strength),
            chosen.strength,
            region is not None,  # live painting asks for what is seen and then for the rest
            (chosen, look.key),
            may_stop,
        )
        may_stop()
        cells_per_pixel = photo.geometry.cells_per_pixel
        return render(photo.luminance, colors, cells_per_pixel, region=region, progress=progress)

    @torch.inference_mode()
    def alternatives(
        self,
        photo: EncodedPhoto,
        hints: Hints | None = None,
        n: int = ALTERNATIVES,
        *,
        size: int | None = None,
        options: ColorizeOptions | None = None,
        progress: Progress | None = None,
    ) -> list[NDArray[Any]]:
        """Colourings of a photo that each hold together and differ visibly, likeliest first.

        The first is what `colorize` gives; the k-th what it gives with ``alternative`` k.  Hints
        are obeyed in all of them.  n: 1..4.  size: None, or pixels of the long side, 16..2048, of
        thumbnails (uint8) instead.  The rest, and errors, as for `colorize`.
        """
        whole_number("n", n, 1, ALTERNATIVES)
        several = [replace(self._options(photo, options), alternative=k) for k in range(int(n))]
        if size is None:
            return [self.colorize(photo, hints, options=o, progress=progress) for o in several]
        whole_number("size", size, *THUMBNAIL_SIZES)
        return [self._thumbnail(photo, hints, o, int(size), progress) for o in several]

    def _thumbnail(
        self,
        photo: EncodedPhoto,
        hints: Hints | None,
        options: ColorizeOptions,
        size: int,
        progress: Progress | None,
    ) -> NDArray[Any]:
        """(h, w, 3) uint8; painted pixels count as the cells that they lie in."""
        ab = self._cells.ab(photo, self._cells.look(hints, options))
        ab = self._painted.hinted_ab(photo, ab, layers_of(photo, hints, options.strength))
        plane, (y, x) = small_plane(photo.luminance, size), photo.geometry.cells_per_pixel
        scaled = y * photo.shape[0] / plane.shape[0], x * photo.shape[1] / plane.shape[1]
        return render(plane, ab, scaled, progress=progress)

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
        return self._cells.agreed(photo).dense()

    def _automatic(self, photo: EncodedPhoto, look: Look) -> Automatic:
        """The colours without any paint; the last few are kept with the photo."""

        def make() -> Automatic:
            ab = self._cells.ab(photo, look)
            return Automatic(ab, self._painted.field(photo, ab))

        return photo.results.automatic(look.key, make)

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
        p = self._cells.distributions(photo, self._cells.look(hints, chosen))[0].cpu().numpy()
        layers = layers_of(photo, hints, chosen.strength)
        if not any(layers):
            return p
        hinted = self._painted.hinted_bins(photo, layers)
        trust = self._painted.settled(photo, layers).reshape(p.shape[1:])
        # The solver may leave a billionth below 0.
        mixed = (1.0 - trust) * p + hinted.T.reshape(p.shape)
        return np.asarray(mixed.clip(min=0.0), np.float32)

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
        whole_number("n", n, 1, 32)
        chosen = self._options(photo, None, strength=strength)
        cells, lightness = cells_at(photo, where)
        picked = torch.from_numpy(cells).to(self.torch_device)
        logits = photo.heads.logits[0].flatten(1)[:, picked]  # (313, M)
        p = suggested(logits, self.weights, 1.0)
        doubtful = suggested(logits, self.weights, DOUBT_TEMPERATURE)
        layers = layers_of(photo, hints, chosen.strength)
        free: NDArray[np.float64] | float = 1.0
        hinted: NDArray[np.float64] | float = 0.0
        if any(layers):
            hinted = as_seen(self._painted.mean_bins(photo, layers, cells), lightness)
            free = 1.0 - self._painted.settled(photo, layers)[cells]
        doubtful, p = ((q * free).mean(axis=1) + hinted for q in (doubtful, p))
        return propose(doubtful, p, self._usual, lightness, n)

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
        spread = color_spread(p[0].flatten(1))
        layers = layers_of(photo, hints, ColorizeOptions().strength)
        if any(layers):
            settled = torch.from_numpy(self._painted.settled(photo, layers)).to(spread)
            spread = spread * (1.0 - settled)
        gain = help_of_hints(photo.heads, spread, self.network.log_sigma).cpu().numpy()
        reach = self._painted.reach(photo)
        if reach is not None:
            gain = help_of_strokes(reach, spread.cpu().numpy(), gain)
        return np.asarray(gain.reshape(photo.geometry.cells))
