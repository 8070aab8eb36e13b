"""What a U-Net looks like, as settings. No torch here: the window and the command line read these."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class UNetConfig(BaseModel):
    """The U-Net of Ronneberger et al. (MICCAI 2015, arXiv:1505.04597), made configurable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ndim: Literal[2, 3] = Field(2, title="Dimensions", description="2 for images, 3 for volumes.")
    in_channels: int = Field(1, ge=1, le=64, title="Input channels")
    out_channels: int = Field(2, ge=1, le=256, title="Output channels")
    depth: int = Field(3, ge=1, le=6, title="Depth", description="Number of poolings; the bridge sits below the last.")
    base_channels: int = Field(32, ge=1, le=256, title="Base channels", description="Doubled at each stage.")
    padding: Literal["same", "valid"] = Field(
        "same", title="Padding", description="'valid' shrinks the map and crops the skips, as in the paper."
    )
    normalization: Literal["none", "batch", "group", "instance"] = Field("batch", title="Normalization layers")
    upsampling: Literal["transposed", "interpolated"] = Field("transposed", title="Up-sampling")
    residual: bool = Field(False, title="Residual blocks")
    dropout: float = Field(0.0, ge=0, lt=1, title="Dropout", description="At the end of the encoder, as in the paper.")

    @property
    def pooling_factor(self) -> int:
        """Pixels that one pixel of the bridge stands for; tile offsets are aligned to it."""
        return 1 << self.depth

    @property
    def receptive_radius(self) -> int:
        """How far, in pixels, an output pixel can see along an axis, rounded up to the pooling factor."""
        factor = self.pooling_factor
        reach = max(max(x - low, high - x) for x in range(factor) for low, high in [self._field(x)])
        return -(-reach // factor) * factor

    @property
    def halo(self) -> int:
        """Pixels beyond a tile that its pixels can see, where it starts and ends at multiples of the pooling factor."""
        factor = self.pooling_factor
        reach = max(-self._field(0)[0], self._field(factor - 1)[1] - (factor - 1))
        return -(-reach // factor) * factor

    @property
    def margin(self) -> int:
        """Pixels lost at each side of a tile without padding: 92 for the paper's network, 0 with padding."""
        if self.padding == "same":
            return 0
        lost = sum(4 * 2**level for level in range(self.depth)) * 2 + 4 * 2**self.depth
        return int(lost // 2)

    def _field(self, x: int, level: int = 0) -> tuple[int, int]:
        """First and last input pixel (of `level`) that output pixel `x` of that level sees, through every path."""
        if level == self.depth:
            return x - 2, x + 2  # the bridge: two 3x3 convolutions
        low, high = x - 2, x + 2  # the decoder's two convolutions
        near = 1 if self.upsampling == "interpolated" else 0
        deep_low, deep_high = low // 2 - near, high // 2 + near
        deep_low, deep_high = self._field(deep_low, level + 1)[0], self._field(deep_high, level + 1)[1]
        low, high = min(low, 2 * deep_low), max(high, 2 * deep_high + 1)
        return low - 2, high + 2  # the encoder's two convolutions


PAPER_2015 = UNetConfig(
    in_channels=1, out_channels=2, depth=4, base_channels=64, padding="valid", normalization="none", dropout=0.5
)
"""The network of the paper's figure 1: 23 convolutional layers, a 572 px tile in, 388 px out."""
