"""The U-Net ready to predict on a CPU: convolution and ReLU in one operation, no pass over memory without need.

On a processor with fast bfloat16, torch's own ReLU, pooling and concatenation in that type take a large part of the
time (`benchmarks/inference.py` prints the network without and with this module). oneDNN fuses ReLU into the
convolution; torch exposes that as the operator its own compiler emits. Where it is missing, `fuse_network` leaves the
network as it is.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from napari_unet.labels.types import PlaneBox
from napari_unet.models.unet import Stage, UNet, Up, depth_to_space, space_to_depth


class FusedConv(nn.Module):
    """A convolution and the ReLU after it, with weights in the layout that oneDNN computes in."""

    def __init__(self, conv: nn.Conv2d, size: int) -> None:
        super().__init__()
        padding, one = list(conv.padding), [1, 1]
        weight = conv.weight.detach().contiguous(memory_format=torch.channels_last)
        shape = [1, conv.in_channels, size, size]
        self.weight = torch.ops.mkldnn._reorder_convolution_weight(weight, padding, one, one, 1, shape)
        self.bias = conv.bias.detach() if conv.bias is not None else None
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, Y, X) -> (N, out, Y, X), rectified."""
        convolve = torch.ops.mkldnn._convolution_pointwise
        out: Tensor = convolve(x, self.weight, self.bias, self.padding, [1, 1], [1, 1], 1, "relu", [], "")
        return out


class FusedUNet(nn.Module):
    """A padded 2D U-Net of `FusedConv`s. Same function as the `UNet` it is made from, for prediction only."""

    def __init__(self, network: UNet, size: int = 512) -> None:
        super().__init__()
        self.stem = network.config.stem
        size //= self.stem
        self.encoder = nn.ModuleList(_fuse_stage(stage, size >> i) for i, stage in enumerate(network.encoder))
        depth = len(network.encoder)
        self.bridge = _fuse_stage(network.bridge, size >> depth)
        self.up = nn.ModuleList([cast(Up, up).conv for up in network.up])
        self.widths = [cast(Up, up).conv.out_channels for up in network.up]
        self.decoder = nn.ModuleList(_fuse_stage(s, size >> (depth - 1 - i)) for i, s in enumerate(network.decoder))
        self.final = network.final

    def forward(self, x: Tensor, region: PlaneBox | None = None) -> Tensor:
        """(N, C, Y, X) -> logits (N, out_channels, Y, X), or of `region` (rows, columns) alone if that is all you need.

        What lies around the region is seen, but the decoder, three quarters of the work, leaves most of it out.
        """
        if self.stem == 1:
            return self._answer(x, region)
        squares = space_to_depth(x, self.stem).contiguous(memory_format=_LAST)
        if region is None:
            return depth_to_space(self._answer(squares, None), self.stem)
        touched = _coarsened(region, self.stem)
        out = depth_to_space(self._answer(squares, touched), self.stem)
        return out[(..., *_within(region, touched, self.stem))]

    def _answer(self, x: Tensor, region: PlaneBox | None) -> Tensor:
        """What the final layer says, of squares where the first stage takes these together; `region` is of such."""
        regions = _regions(tuple(x.shape[-2:]), region, len(self.widths))
        joined = []
        for stage, width, part in zip(self.encoder, reversed(self.widths), regions, strict=False):
            x = stage(x)
            # The skip waits in the tensor in which the decoder will meet it: nothing is concatenated later.
            skip = x[..., part[0], part[1]]
            shape = (x.shape[0], x.shape[1] + width, *skip.shape[2:])
            both = torch.empty(shape, dtype=x.dtype, memory_format=_LAST)
            both[:, : x.shape[1]] = skip
            joined.append(both)
            x = _pool(x)
        x = self.bridge(x)
        here = regions[-1]
        for up, width, stage, part in zip(self.up, self.widths, self.decoder, reversed(regions[:-1]), strict=True):
            both = joined.pop()
            both[:, -width:] = up(x)[(..., *_within(part, here, 2))]
            x, here = stage(both), part
        out: Tensor = self.final(x)
        return out if region is None else out[(..., *_within(region, here, 1))]


def _regions(shape: tuple[int, ...], region: PlaneBox | None, depth: int) -> list[PlaneBox]:
    """What the decoder's stage reads at each level, from the first, to know `region` of the first; last, the bridge.

    Two convolutions see two pixels beyond what they answer for, and the up-convolution makes two pixels of one.
    """
    wanted = region or (slice(0, shape[0]), slice(0, shape[1]))
    regions = []
    for level in range(depth):
        parts = [
            slice(max(0, part.start - 2) // 2 * 2, min(size >> level, -(-(part.stop + 2) // 2) * 2))
            for part, size in zip(wanted, shape, strict=True)
        ]
        regions.append((parts[0], parts[1]))
        wanted = (slice(parts[0].start // 2, parts[0].stop // 2), slice(parts[1].start // 2, parts[1].stop // 2))
    return [*regions, (slice(0, shape[0] >> depth), slice(0, shape[1] >> depth))]


def _coarsened(region: PlaneBox, by: int) -> PlaneBox:
    """The squares of `by` pixels a side that `region` touches."""
    rows, columns = (slice(part.start // by, -(-part.stop // by)) for part in region)
    return rows, columns


def _within(part: PlaneBox, whole: PlaneBox, scale: int) -> PlaneBox:
    """`part` in pixels counted from the first of `whole`, which is given in pixels `scale` times as large."""
    rows, columns = (
        slice(p.start - w.start * scale, p.stop - w.start * scale) for p, w in zip(part, whole, strict=True)
    )
    return rows, columns


_LAST = torch.channels_last


def _pool(x: Tensor) -> Tensor:
    """2x2 maximum of rectified values, whose bits order as integers do (bfloat16's own maximum is slow on CPUs)."""
    if x.dtype not in (torch.bfloat16, torch.uint8):
        return nn.functional.max_pool2d(x, 2)
    bits = x if x.dtype == torch.uint8 else x.view(torch.int16)
    rows = torch.maximum(bits[:, :, ::2], bits[:, :, 1::2])
    return torch.maximum(rows[..., ::2], rows[..., 1::2]).view(x.dtype)


def _fuse_stage(stage: Any, size: int) -> nn.Sequential:
    return nn.Sequential(FusedConv(stage.conv1, size), FusedConv(stage.conv2, size))


def fold_batch_norms(network: UNet) -> UNet:
    """Copy of `network` in which each BatchNorm is folded into the convolution before it: the same function."""
    network = _copy_weights(network).eval()
    for stage in network.modules():
        if not isinstance(stage, Stage):
            continue
        for conv, norm in (("conv1", "norm1"), ("conv2", "norm2")):
            layer = getattr(stage, norm)
            if isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
                _fold(getattr(stage, conv), layer)
                setattr(stage, norm, nn.Identity())
    return network


def _copy_weights(module: Any) -> Any:
    """The module and all in it once more, with weights of its own and whatever else it refers to shared.

    `copy.deepcopy` takes longer for the dozens of empty dictionaries of each module than a tile takes to predict, and
    each score of a training begins with a copy.
    """
    twin = copy.copy(module)
    twin._modules = {name: child and _copy_weights(child) for name, child in module._modules.items()}
    twin._buffers = {name: known if known is None else known.clone() for name, known in module._buffers.items()}
    twin._parameters = {
        name: known if known is None else nn.Parameter(known.detach().clone(), requires_grad=False)
        for name, known in module._parameters.items()
    }
    return twin


def _fold(conv: Any, norm: Any) -> None:
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )


def fuse_network(network: UNet) -> nn.Module:
    """The network (norms folded, on the CPU, in the precision wanted) with fused operations where they exist."""
    config = network.config
    plain = config.ndim == 2 and config.padding == "same" and config.normalization in ("none", "batch")
    simple = not config.residual and all(isinstance(up, Up) and not up.interpolated for up in network.up)
    known = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
    if not (plain and simple and known):
        return network
    try:
        fused = FusedUNet(network)
        side = max(32, config.pooling_factor)
        tile = torch.zeros(1, config.in_channels, side, side, dtype=network.final.weight.dtype)
        fused(tile.contiguous(memory_format=_LAST))
    except RuntimeError:  # an operator of another signature: prediction stays right, only slower
        return network
    return fused
