"""What a U-Net looks like, as settings. No torch here: the window and the command line read these."""

from __future__ import annotations

from dataclasses import dataclass
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
    stem: Literal[1, 2] = Field(
        1,
        title="Pixels a side that the first stage takes together",
        description="With 2, the four pixels of a square along Y and X become one of four times as many channels, and "
        "every stage has a quarter of the pixels: several times as fast. The map has full size.",
    )
    padding: Literal["same", "valid"] = Field(
        "same", title="Padding", description="'valid' shrinks the map and crops the skips, as in the paper."
    )
    normalization: Literal["none", "batch", "group", "instance"] = Field("batch", title="Normalization layers")
    upsampling: Literal["transposed", "interpolated"] = Field("transposed", title="Up-sampling")
    flat_stages: int = Field(
        0,
        ge=0,
        le=7,
        title="Flat stages",
        description="Of a 3D network: the first stages, which see each slice by itself and do not pool along z, "
        "because voxels are longer along z.",
    )
    z_pooling: bool = Field(
        True, title="Pooling along z", description="Of a 3D network: whether the stages that are not flat pool along z."
    )
    residual: bool = Field(False, title="Residual blocks")
    dropout: float = Field(0.0, ge=0, lt=1, title="Dropout", description="At the end of the encoder, as in the paper.")

    @property
    def axes(self) -> tuple[NetworkAxis, ...]:
        """What a tile has to be along (Z,) Y and X."""
        plane = NetworkAxis(self), NetworkAxis(self)
        return plane if self.ndim == 2 else (NetworkAxis(self, along_z=True), *plane)

    @property
    def together(self) -> int:
        """Pixels of the image that are one of the first stage, and rows of the final layer that are one output's."""
        return self.stem**2

    @property
    def pooling_factor(self) -> int:
        """Pixels along Y or X that one pixel of the bridge stands for; tile offsets are aligned to it."""
        return self.axes[-1].factor

    @property
    def receptive_radius(self) -> int:
        """How far, in pixels, an output pixel can see along Y or X, rounded up to the pooling factor."""
        return self.axes[-1].receptive_radius

    @property
    def halo(self) -> int:
        """Pixels beyond a tile, along Y or X, that its pixels can see, where it starts and ends at multiples of the
        pooling factor."""
        return self.axes[-1].halo

    @property
    def margin(self) -> int:
        """Pixels lost at each side of a tile without padding: 92 for the paper's network, 0 with padding."""
        return self.axes[-1].margin


@dataclass(frozen=True)
class NetworkAxis:
    """A network along one axis: of a network of volumes z may differ from the others."""

    network: UNetConfig
    along_z: bool = False

    @property
    def stem(self) -> int:
        """Pixels of the image that are one pixel of the first stage."""
        return 1 if self.along_z else self.network.stem

    def sees(self, level: int) -> bool:
        """Whether a stage sees beyond a pixel along this axis."""
        return not self.along_z or level >= self.network.flat_stages

    def pools(self, level: int) -> bool:
        """Whether the pooling after a stage halves this axis."""
        return self.sees(level) and (self.network.z_pooling or not self.along_z)

    @property
    def factor(self) -> int:
        """Pixels that one pixel of the bridge stands for."""
        return self.stem << sum(self.pools(level) for level in range(self.network.depth))

    @property
    def receptive_radius(self) -> int:
        """How far an output pixel can see, rounded up to the pooling factor."""
        return self._round_up(max(max(x - low, high - x) for x in range(self.factor) for low, high in [self._sees(x)]))

    @property
    def halo(self) -> int:
        """Pixels beyond a tile that its pixels can see, where it starts and ends at multiples of the factor."""
        return self._round_up(max(-self._sees(0)[0], self._sees(self.factor - 1)[1] - (self.factor - 1)))

    @property
    def margin(self) -> int:
        """Pixels lost at each side of a tile without padding."""
        if self.network.padding == "same":
            return 0
        lost, scale = 0, self.stem
        for level in range(self.network.depth):
            lost += 8 * scale if self.sees(level) else 0  # in the encoder and in the decoder
            scale *= 2 if self.pools(level) else 1
        return (lost + (4 * scale if self.sees(self.network.depth) else 0)) // 2

    def fits(self, size: int) -> bool:
        """Whether the stem and every pooling meet an even size in a tile of `size`, and something is left of it."""
        if size % self.stem:
            return False
        size //= self.stem
        for level in range(self.network.depth):
            size -= self._lost(level)
            if size <= 0 or (self.pools(level) and size % 2):
                return False
            size //= 2 if self.pools(level) else 1
        return size - self._lost(self.network.depth) > 0

    def _lost(self, level: int) -> int:
        return 4 if self.network.padding == "valid" and self.sees(level) else 0

    def _round_up(self, size: int) -> int:
        return -(-size // self.factor) * self.factor

    def _sees(self, x: int) -> tuple[int, int]:
        """First and last pixel of the image that pixel `x` of the map sees."""
        low, high = self._field(x // self.stem)
        return self.stem * low, self.stem * (high + 1) - 1

    def _field(self, x: int, level: int = 0) -> tuple[int, int]:
        """First and last input pixel (of `level`) that output pixel `x` of that level sees, through every path."""
        reach = 2 if self.sees(level) else 0  # two 3x3 convolutions: the bridge's, the decoder's, the encoder's
        low, high = x - reach, x + reach
        if level == self.network.depth:
            return low, high
        if self.pools(level):
            near = 1 if self.network.upsampling == "interpolated" else 0
            first, last = self._field(low // 2 - near, level + 1)[0], self._field(high // 2 + near, level + 1)[1]
            low, high = min(low, 2 * first), max(high, 2 * last + 1)
        else:
            first, last = self._field(low, level + 1)[0], self._field(high, level + 1)[1]
            low, high = min(low, first), max(high, last)
        return low - reach, high + reach


PAPER_2015 = UNetConfig(
    in_channels=1, out_channels=2, depth=4, base_channels=64, padding="valid", normalization="none", dropout=0.5
)
"""The network of the paper's figure 1: 23 convolutional layers, a 572 px tile in, 388 px out."""
