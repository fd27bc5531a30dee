"""Global stage, top-down decoder and the blocks they are made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

_GROUPS = 32


class ResidualBlock(nn.Module):
    """GroupNorm, SiLU, 3x3, twice, with a shortcut."""

    def __init__(self, width: int, groups: int = _GROUPS) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, width)
        self.dropout = nn.Dropout2d(0.0)  # whole channels: neighbours are too much alike
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) to the same shape."""
        inner = self.conv1(F.silu(self.norm1(x)))
        out: Tensor = x + self.conv2(self.dropout(F.silu(self.norm2(inner))))
        return out


class AttentionBlock(nn.Module):
    """Pre-norm self-attention over all cells and a two-layer MLP.

    A depthwise 3x3 convolution tells the cells where they are, for pictures of any size
    (Chu et al., "Conditional Positional Encodings for Vision Transformers", 2021).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(0.0)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) to the same shape."""
        x = x + self.position(x)
        batch, width, height, columns = x.shape
        cells = x.flatten(2).transpose(1, 2)  # (B, H*W, width)
        q, k, v = (
            t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for t in self.qkv(self.norm1(cells)).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        cells = cells + self.dropout(self.out(mixed))
        cells = cells + self.dropout(self.mlp(self.norm2(cells)))
        out: Tensor = cells.transpose(1, 2).reshape(batch, width, height, columns)
        return out


class GlobalStage(nn.Module):
    """The stage at stride 32, trained from scratch: what kind of scene is this?"""

    def __init__(self, inside: int, width: int, blocks: int, heads: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(inside, width, 3, stride=2, padding=1)
        self.local = ResidualBlock(width)
        self.blocks = nn.Sequential(*(AttentionBlock(width, heads) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, H, W) to (B, width, H/2, W/2)."""
        out: Tensor = self.blocks(self.local(self.reduce(x)))
        return out


class Decoder(nn.Module):
    """From stride 32 up to stride 4, adding the encoder's features on the way."""

    def __init__(
        self, lateral: tuple[int, int, int], top: int, width: int, blocks: tuple[int, int, int]
    ) -> None:
        super().__init__()
        self.top = nn.Conv2d(top, width, 1)
        self.context = nn.ModuleList(nn.Linear(top, width) for _ in lateral)
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in lateral)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(count))) for count in blocks
        )

    def forward(self, features: tuple[Tensor, Tensor, Tensor], top: Tensor) -> list[Tensor]:
        """Features of strides 16, 8, 4 and the global stage's (B, top, H/32, W/32) to those of
        the decoder, (B, width, ...), at the same three strides."""
        pooled = F.silu(top.mean(dim=(2, 3)))
        x: Tensor = self.top(top)
        stages = []
        for feature, lateral, context, blocks in zip(
            features, self.lateral, self.context, self.blocks
        ):
            x = F.interpolate(x, size=feature.shape[-2:], mode="bilinear", align_corners=False)
            x = blocks(x + lateral(feature) + context(pooled)[:, :, None, None])
            stages.append(x)
        return stages


def head(width: int, outputs: int) -> nn.Sequential:
    """GroupNorm, SiLU and a 1x1 convolution."""
    return nn.Sequential(nn.GroupNorm(_GROUPS, width), nn.SiLU(), nn.Conv2d(width, outputs, 1))
