"""The whole network: encoder, global stage, decoder, three heads."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .decoder import AttentionBlock, Decoder, GlobalStage, ResidualBlock, head
from .encoder import CHANNELS, Encoder
from .second_encoder import SecondEncoder
from .stroke_decoder import Features, StrokeDecoder, StrokeFeatures

PRETRAINED = ("encoder.", "second.stem.", "second.stages.")
"""How the names of pretrained parameters begin; they learn at their own rate, or not at all."""


class Heads(NamedTuple):
    """What the network says of every cell (stride 4)."""

    logits: Tensor  # (B, 313, h, w)
    embedding: Tensor  # (B, 32, h, w)
    gate: Tensor  # (B, 1, h, w)


class ColorNetwork(nn.Module):
    """Lightness to bin logits, embedding and gate.

    The hint mixture's two scalars, sigma and gamma (`handtint_model.hints`), are learned
    with the rest and so live here, as logarithms.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(1, config.stem_norm, config.encoder_blocks)
        self.second = (
            SecondEncoder((CHANNELS[2], CHANNELS[3], config.global_width))
            if config.second_encoder
            else None
        )
        self.scene = GlobalStage(
            CHANNELS[3], config.global_width, config.global_blocks, config.global_heads
        )
        self.decoder = Decoder(
            (CHANNELS[3], CHANNELS[2], CHANNELS[1]),
            config.global_width,
            config.decoder_width,
            config.decoder_blocks,
        )
        self.logits = head(config.decoder_width, config.bins)
        self.embedding = head(config.decoder_width, config.embedding)
        self.gate = head(config.decoder_width, 1)
        self.log_sigma = nn.Parameter(torch.tensor(-1.6))  # sigma 0.2 of the long side
        self.log_gamma = nn.Parameter(torch.tensor(0.0))
        self.strokes = (
            StrokeDecoder(CHANNELS[1:], config.global_width, config.decoder_width, config.embedding)
            if config.strokes
            else None
        )

    @torch.no_grad()
    def initialize(self) -> None:
        """Start values for training; not needed where weights are loaded, and slow to import.

        Residual and attention blocks start as the identity and the heads small, so that the
        first steps are those of a shallow network.
        """
        for module in self.modules():
            last: list[nn.Module]
            if isinstance(module, ResidualBlock):
                last = [module.conv2]
            elif isinstance(module, AttentionBlock):
                last = [module.out, module.mlp[2]]
            else:
                continue
            for layer in last:
                for parameter in layer.parameters():
                    parameter.zero_()
        for heads, deviation in ((self.logits, 0.01), (self.embedding, 0.1), (self.gate, 0.01)):
            convolution = heads[2]
            assert isinstance(convolution, nn.Conv2d)
            assert convolution.bias is not None
            convolution.weight.normal_(std=deviation)
            convolution.bias.zero_()

    def set_dropout(self, share: float, second_encoder: float = 0.0) -> None:
        """How much is left out at random while training; nothing in eval mode.

        second_encoder: the share of photos that are seen without the second encoder.
        """
        if self.second is not None:
            self.second.left_out = second_encoder
        for module in self.modules():
            if isinstance(module, (nn.Dropout, nn.Dropout2d)):
                module.p = share

    def forward(self, lightness: Tensor) -> Heads:
        """lightness: (B, 1, H, W), L*/100 in 0..1, sides multiples of 32."""
        return self.heads(self.features(lightness))

    def features(self, lightness: Tensor) -> Features:
        """What the heads and the stroke decoder are computed from; lightness as in `forward`."""
        stride4, stride8, stride16 = self.encoder(lightness - self.config.input_mean)
        if self.second is None:
            scene = self.scene(stride16)
        else:
            more8, more16, more32 = self.second(lightness)
            stride8, stride16 = stride8 + more8, stride16 + more16
            scene = self.scene(stride16) + more32
        _, decoder8, decoder4 = self.decoder((stride16, stride8, stride4), scene)
        return Features(stride4, stride8, stride16, scene, decoder8, decoder4)

    def heads(self, features: Features) -> Heads:
        """The heads' answers."""
        x = features.decoder4
        return Heads(self.logits(x), self.embedding(x), self.gate(x))

    def stroke_features(
        self, features: Features, heads: Heads, lightness: Tensor
    ) -> StrokeFeatures | None:
        """The photo's part of the stroke decoder; None if the network has none."""
        if self.strokes is None:
            return None
        return self.strokes.photo(features, heads.embedding, heads.gate, lightness)
