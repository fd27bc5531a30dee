"""The mean of several files' weights: python bench/average_weights.py OUT FILE SHARE FILE SHARE ...

For runs that began with the same weights: their mean is often better than each (Wortsman et al.,
"Model soups", 2022; figures in MODEL_CARD.md).  A tensor that only some of the files have is the
mean of theirs.  Settings and the constants of decoding are those of the first file with the most
tensors; fit the constants anew (`handtint evaluate --fit-decoding`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from handtint_model.errors import HandtintError
from handtint_model.network.checkpoint import Checkpoint, load_weights, save_weights


def mean_tensors(parts: list[tuple[dict[str, Tensor], float]]) -> dict[str, Tensor]:
    """Each tensor's mean over the parts that have it, weighed by their shares.  float32."""
    found: dict[str, Tensor] = {}
    for name in {name: None for tensors, _ in parts for name in tensors}:
        those = [(tensors[name], share) for tensors, share in parts if name in tensors]
        if len({tensor.shape for tensor, _ in those}) > 1:
            raise SystemExit(f"{name} has several shapes: these networks are of different kinds.")
        found[name] = sum((t * s for t, s in those), torch.zeros(())) / sum(s for _, s in those)
    return found


def average(out: Path, files: list[Path], shares: list[float]) -> None:
    """Write the mean of the files' weights."""
    checkpoints = [load_weights(file) for file in files]
    parts = [(dict(c.network.state_dict()), share) for c, share in zip(checkpoints, shares)]
    largest: Checkpoint = max(checkpoints, key=lambda c: len(c.network.state_dict()))
    network = largest.network
    network.load_state_dict(mean_tensors(parts))
    record = {
        "mean_of": [
            {"share": share, "weights": checkpoint.weights_id, "record": dict(checkpoint.record)}
            for share, checkpoint in zip(shares, checkpoints)
        ],
        "photos_seen": max(c.record.get("photos_seen", 0) for c in checkpoints),
    }
    save_weights(out, network, largest.prior, record, decoding=largest.decoding)


def main() -> int:
    """Read the command line."""
    names = sys.argv[2:]
    try:
        shares = [float(name) for name in names[1::2]]
    except ValueError:
        shares = []
    if len(shares) < 2 or len(names) != 2 * len(shares) or not all(s > 0 for s in shares):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        average(Path(sys.argv[1]), [Path(name) for name in names[::2]], shares)
    except HandtintError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
