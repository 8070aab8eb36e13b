"""The U-Net in integers of 8 bits: about half the time of bfloat16, nearly the same maps.

Weights are rounded output channel by output channel, what flows between layers tensor by tensor (Jacob et al.,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR 2018). oneDNN
computes with what processors have for it (VNNI, AMX); where they add in 16 bits, weights have half the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn

from napari_unet.labels.types import PlaneBox
from napari_unet.models.running.fused import FusedUNet
from napari_unet.models.running.ranges import Reach, measure_ranges
from napari_unet.models.unet import Stage, UNet, Up

_LEVELS = 255  # of uint8 above the lowest
_STEPS = 127  # of int8 on each side of 0
_PROBED = 16  # channels
_LAST = torch.channels_last


@dataclass(frozen=True)
class Grid:
    """Which real numbers the integers 0 to 255 stand for: `step` apart, `zero` is 0."""

    step: float
    zero: int

    @classmethod
    def over(cls, values: Reach) -> Grid:
        """The grid that reaches from the lowest to the highest of `values`, with 0 among them."""
        low, high = min(0.0, values.low), max(1e-6, values.high)
        step = (high - low) / _LEVELS
        return cls(step, round(-low / step))

    def round(self, x: Tensor) -> Tensor:
        """Real (N, C, Y, X) as uint8."""
        levels: Tensor = (x / self.step + self.zero).round_().clamp_(0, _LEVELS).to(torch.uint8)
        return levels.contiguous(memory_format=_LAST)


class IntegerConv(nn.Module):
    """A convolution from uint8 to uint8, or to real numbers if there is no `after`; `rectified` or not."""

    def __init__(
        self, conv: nn.Conv2d, size: int, before: Grid, after: Grid | None, rectified: bool = True,
        n_steps: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        weight = conv.weight.detach().float()
        self.steps = weight.abs().amax((1, 2, 3)).clamp_min(1e-8) / (n_steps or count_weight_steps())
        rounded = (weight / self.steps[:, None, None, None]).round().to(torch.int8)
        self.padding, self.before, self.after = list(cast("tuple[int, int]", conv.padding)), before, after
        shape = [1, conv.in_channels, size, size]
        pack = torch.ops.onednn.qconv_prepack
        self.weight = pack(rounded, self.steps, before.step, before.zero, [1, 1], self.padding, [1, 1], 1, shape)
        self.bias = conv.bias.detach().float() if conv.bias is not None else None
        self.zeros = torch.zeros(conv.out_channels, dtype=torch.int32)
        self.activation = "relu" if rectified else "none"

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, Y, X) uint8 -> (N, out, Y, X) uint8, or float32."""
        after, kind = self.after or Grid(1.0, 0), torch.uint8 if self.after is not None else torch.float32
        weights = self.weight, self.steps, self.zeros, self.bias
        geometry = [1, 1], self.padding, [1, 1], 1
        out: Tensor = torch.ops.onednn.qconv2d_pointwise(
            x, self.before.step, self.before.zero, *weights, *geometry, after.step, after.zero, kind,
            self.activation, [], "",
        )  # fmt: skip
        return out


@cache
def count_weight_steps() -> int:
    """How many steps of int8 weights there may be on each side of 0.

    Processors with AVX2 alone add two products in 16 bits, and what does not fit is cut off without a word. So it is
    tried with the largest values there are; half the steps always fit.
    """
    conv = nn.Conv2d(_PROBED, _PROBED, 1, bias=False)
    conv.weight.data.fill_(1.0)
    largest = IntegerConv(conv, 8, Grid(1.0, 0), None, rectified=False, n_steps=_STEPS)
    x = torch.full((1, _PROBED, 8, 8), _LEVELS, dtype=torch.uint8).contiguous(memory_format=_LAST)
    wanted = float(_PROBED * _LEVELS)
    return _STEPS if abs(largest(x).mean().item() - wanted) < 0.01 * wanted else _STEPS // 2


class IntegerUp(nn.Module):
    """A transposed 2 x 2 convolution, as a 1 x 1 convolution to the four pixels that each pixel becomes."""

    def __init__(self, up: nn.ConvTranspose2d, size: int, before: Grid, after: Grid) -> None:
        super().__init__()
        self.width = up.out_channels
        flat = nn.Conv2d(up.in_channels, 4 * self.width, 1, bias=up.bias is not None)
        flat.weight.data = up.weight.detach().permute(2, 3, 1, 0).reshape(4 * self.width, up.in_channels, 1, 1)
        if up.bias is not None:
            flat.bias = nn.Parameter(up.bias.detach().repeat(4), requires_grad=False)
        self.conv = IntegerConv(flat, size, before, after, rectified=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, Y, X) uint8 -> (N, out, 2 Y, 2 X) uint8."""
        pixels: Tensor = self.conv(x).permute(0, 2, 3, 1)
        n, rows, columns, _ = pixels.shape
        parts = pixels.reshape(n, rows, columns, 2, 2, self.width).permute(0, 1, 3, 2, 4, 5)
        return parts.reshape(n, 2 * rows, 2 * columns, self.width).permute(0, 3, 1, 2)


class QuantizedUNet(FusedUNet):
    """A padded 2D U-Net in integers of 8 bits, about the function of the float32 `UNet` that it is made from.

    Parameters
    ----------
    network : UNet
        Its norms folded into its convolutions, in float32, on the CPU.
    size : int
        Pixels along a side of the usual tile; others are computed as well.
    """

    def __init__(self, network: UNet, size: int = 512) -> None:
        nn.Module.__init__(self)  # with layers of its own
        self.stem = network.config.stem
        size //= self.stem
        found, depth = measure_ranges(network), len(network.encoder)
        self.entry = here = Grid.over(found.entry)
        self.encoder, self.decoder, self.up = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        # what a skip and the up-convolution beside it say lies in one tensor, and so on one grid
        joints = [Grid.over(skip | up) for (_, skip), up in zip(found.encoder, found.up, strict=True)]
        for level, (stage, (inside, _)) in enumerate(zip(network.encoder, found.encoder, strict=True)):
            self.encoder.append(_integer_stage(stage, size >> level, here, inside, joints[level]))
            here = joints[level]
        self.bridge = _integer_stage(network.bridge, size >> depth, here, found.bridge[0], Grid.over(found.bridge[1]))
        here, self.widths = Grid.over(found.bridge[1]), [cast(Up, up).conv.out_channels for up in network.up]
        for level in reversed(range(depth)):
            number = depth - 1 - level
            inside, outside = found.decoder[level]
            up = cast(Up, network.up[number])
            self.up.append(IntegerUp(up.conv, size >> (level + 1), here, joints[level]))
            here = Grid.over(outside)
            self.decoder.append(_integer_stage(network.decoder[number], size >> level, joints[level], inside, here))
        self.final = IntegerConv(cast(nn.Conv2d, network.final), size, here, None, rectified=False)

    def forward(self, x: Tensor, region: PlaneBox | None = None) -> Tensor:
        """(N, C, Y, X) float32 -> logits (N, out_channels, Y, X) float32, or of `region` (rows, columns) alone."""
        logits: Tensor = super().forward(self.entry.round(x), region)
        return logits


def _integer_stage(stage: Any, size: int, before: Grid, inside: Reach, after: Grid) -> nn.Sequential:
    between, stage = Grid.over(inside), cast(Stage, stage)
    return nn.Sequential(
        IntegerConv(stage.conv1, size, before, between), IntegerConv(stage.conv2, size, between, after)
    )


def quantize_network(network: UNet) -> QuantizedUNet | None:
    """`network` (norms folded, float32, on the CPU) in integers, or None where it, or this torch, cannot be so."""
    config = network.config
    plain = config.ndim == 2 and config.padding == "same" and config.normalization in ("none", "batch")
    simple = not config.residual and all(isinstance(up, Up) and not up.interpolated for up in network.up)
    if not (plain and simple and hasattr(torch.ops.onednn, "qconv2d_pointwise")):
        return None
    try:
        return QuantizedUNet(network)
    except (RuntimeError, NotImplementedError):  # a torch whose operator takes other arguments
        return None
