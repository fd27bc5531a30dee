"""``handtint train``: train a colorizer on a set of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handtint_model.network import ColorNetwork
    from handtint_model.training.photos import PhotoRef

SHEET_PHOTOS = 12
SHEET_HINTS = 5


@click.command(name="train")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--photos",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH...",
    help="Tar shards, folders or picture files; several paths may follow.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run's folder.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="How long to train.")
@click.option("--steps", type=click.IntRange(min=1), help="How many steps to train.")
@click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint.")
@click.option(
    "--encoder",
    type=click.Path(path_type=Path),
    help="Pretrained ResNet-18 or -34 as safetensors (docs/training.md).",
)
@click.option(
    "--second-encoder",
    type=click.Path(path_type=Path),
    help="Pretrained EfficientNet-Lite2 (.pth) to stand beside the ResNet (docs/training.md).",
)
@click.option(
    "--start-from", type=click.Path(path_type=Path), help="Weights of an earlier run to go on with."
)
@click.option(
    "--masks",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Photos with label maps: train the stroke decoder on --start-from (default: the embedded "
    "weights); several times for several paths.",
)
@click.option(
    "--config", default="default", show_default=True, help="A preset's name or a JSON file."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--sheet-minutes",
    default=30.0,
    show_default=True,
    help="Minutes between contact sheets of photos that are kept out of training.",
)
def command(
    paths: tuple[Path, ...],
    photos: tuple[Path, ...],
    out: Path,
    minutes: float | None,
    steps: int | None,
    resume: bool,
    encoder: Path | None,
    second_encoder: Path | None,
    start_from: Path | None,
    masks: tuple[Path, ...],
    config: str,
    device: str,
    sheet_minutes: float,
) -> None:
    """Train a colorizer; the weights are OUT/weights.safetensors.

    Ctrl-C stops with a checkpoint, from which --resume goes on.  Several GPUs:
    torchrun --nproc-per-node N -m handtint_server train ...
    """
    from handtint_model.errors import BadOption
    from handtint_model.training import is_main, read_config, train

    if masks:
        if encoder is not None or second_encoder is not None:
            raise BadOption("the stroke decoder sits on finished weights: no encoder fits.")
        _train_strokes(
            [*photos, *paths], masks, start_from, out, config,
            minutes=minutes, steps=steps, resume=resume, device=device,
        )  # fmt: skip
        return
    weights = train(
        [*photos, *paths],
        out,
        read_config(config),
        encoder_file=encoder,
        second_encoder_file=second_encoder,
        minutes=minutes,
        steps=steps,
        resume=resume,
        start_from=start_from,
        device=device,
        sheet_every=sheet_minutes * 60.0,
        watch=contact_sheet,
    )
    if is_main():
        click.echo(f"weights: {weights}")


def _train_strokes(
    photos: list[Path], masks: tuple[Path, ...], start_from: Path | None, out: Path, config: str,
    *, minutes: float | None, steps: int | None, resume: bool, device: str,
) -> None:  # fmt: skip
    from handtint_model.errors import BadOption
    from handtint_model.training import read_stroke_config, train_strokes

    if steps is None or minutes is not None:
        raise BadOption("the stroke decoder is trained for a number of --steps, not for minutes.")
    chosen = read_stroke_config(config)
    weights = train_strokes(
        photos, masks, start_from, out, chosen, steps=steps, resume=resume, device=device
    )
    click.echo(f"weights: {weights}")


def contact_sheet(
    network: ColorNetwork, prior: NDArray[np.float64], held: list[PhotoRef], path: Path
) -> None:
    """A sheet of some held-out photos: gray, ours, ours with 5 hints, truth."""
    import copy

    import torch

    from handtint_model.colorizer import Colorizer
    from handtint_model.evaluation.contact_sheet import save_sheet
    from handtint_model.evaluation.photos import PhotoFile
    from handtint_model.evaluation.protocols import protocol
    from handtint_model.evaluation.sample_sheet import sample_sheet
    from handtint_model.network.checkpoint import Checkpoint

    if not held:
        return
    step = max(1, len(held) // SHEET_PHOTOS)
    files = [
        PhotoFile(ref.name, Path(ref.path), ref.offset, ref.size)
        for ref in held[::step][:SHEET_PHOTOS]
    ]
    frozen: Any = copy.deepcopy(network).cpu().float().eval().requires_grad_(False)
    colorizer = Colorizer(Checkpoint(frozen, prior, {}, "training"), torch.device("cpu"))
    rules = protocol("siggraph17", [file.name for file in files])
    truths = [rules.load(file.open(), name=file.name) for file in files]
    save_sheet(sample_sheet(colorizer, truths, rules, hints=SHEET_HINTS), path)
