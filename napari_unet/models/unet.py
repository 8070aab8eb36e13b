"""The U-Net of Ronneberger, Fischer and Brox (MICCAI 2015, arXiv:1505.04597), made configurable."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_unet.models.architecture import UNetConfig

_CONV: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
_UP: dict[int, Any] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_POOL: dict[int, Any] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
_BATCH: dict[int, Any] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_INSTANCE: dict[int, Any] = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


def _make_norm(config: UNetConfig, channels: int) -> nn.Module:
    if config.normalization == "batch":
        return _BATCH[config.ndim](channels)  # type: ignore[no-any-return]
    if config.normalization == "instance":
        return _INSTANCE[config.ndim](channels, affine=True)  # type: ignore[no-any-return]
    if config.normalization == "group":
        return nn.GroupNorm(min(8, channels), channels)
    return nn.Identity()


class Stage(nn.Module):
    """Two 3x3 convolutions, each followed by normalization (if any) and ReLU; optionally residual.

    Of volumes the convolutions are 3x3x3, or 1x3x3 at a `level` that is flat.
    """

    def __init__(self, config: UNetConfig, in_channels: int, out_channels: int, level: int = 0) -> None:
        super().__init__()
        conv = _CONV[config.ndim]
        kernel = tuple(3 if axis.sees(level) else 1 for axis in config.axes)
        padded = config.padding == "same"
        padding = tuple(size // 2 if padded else 0 for size in kernel)
        bias = config.normalization == "none"
        self.crop = tuple(0 if padded else size - 1 for size in kernel)
        self.conv1 = conv(in_channels, out_channels, kernel, padding=padding, bias=bias)
        self.norm1 = _make_norm(config, out_channels)
        self.conv2 = conv(out_channels, out_channels, kernel, padding=padding, bias=bias)
        self.norm2 = _make_norm(config, out_channels)
        self.shortcut = conv(in_channels, out_channels, 1) if config.residual else None
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, (Z,) Y, X) -> the same with this stage's channels, 4 px smaller an axis if unpadded."""
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.shortcut is not None:
            y = y + self.shortcut(_crop(x, self.crop))
        return self.relu(y)  # type: ignore[no-any-return]


class Up(nn.Module):
    """Doubles the size and halves the channels: transposed 2x2 convolution, or interpolation and a 1x1 convolution.

    What the pooling after the stage at `level` left as it was is not doubled.
    """

    def __init__(self, config: UNetConfig, channels: int, level: int = 0) -> None:
        super().__init__()
        self.mode = {2: "bilinear", 3: "trilinear"}[config.ndim]
        self.interpolated = config.upsampling == "interpolated"
        self.scale = tuple(float(size) for size in pooled(config, level))
        make = _CONV[config.ndim] if self.interpolated else _UP[config.ndim]
        twos = pooled(config, level)
        kernel: dict[str, Any] = {"kernel_size": 1} if self.interpolated else {"kernel_size": twos, "stride": twos}
        self.conv = make(channels, channels // 2, **kernel)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C / 2, 2 ...)."""
        if self.interpolated:
            x = nn.functional.interpolate(x, scale_factor=self.scale, mode=self.mode, align_corners=False)
        return self.conv(x)  # type: ignore[no-any-return]


class UNet(nn.Module):
    """Encoder, bridge, skip connections, decoder and a 1x1 final layer.

    Parameters
    ----------
    config : UNetConfig
        2D or 3D, depth, base channels (doubled at each stage), stem, padding, normalization, up-sampling.

    Notes
    -----
    With ``padding="same"`` each spatial size must be a multiple of ``config.pooling_factor``; with ``"valid"`` the map
    shrinks by twice ``margin`` pixels an axis, and each pooling must meet an even size.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.base_channels * 2**level for level in range(config.depth + 1)]
        inputs = [config.together * config.in_channels, *widths[:-1]]
        levels = range(config.depth)
        self.encoder = nn.ModuleList(Stage(config, inputs[i], widths[i], i) for i in levels)
        self.bridge = Stage(config, inputs[-1], widths[-1], config.depth)
        self.up = nn.ModuleList(Up(config, widths[i + 1], i) for i in reversed(levels))
        self.decoder = nn.ModuleList(Stage(config, widths[i + 1], widths[i], i) for i in reversed(levels))
        self.final = _CONV[config.ndim](widths[0], config.together * config.out_channels, 1)
        self.pools = nn.ModuleList(_POOL[config.ndim](pooled(config, i)) for i in levels)
        self.dropout = nn.Dropout(config.dropout)
        self.apply(_initialize)
        _begin_smooth(self.final, config.together)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, (Z,) Y, X) float -> logits (N, out_channels, (Z,) Y, X)."""
        x, skips = space_to_depth(x, self.config.stem), []
        for level, stage in enumerate(self.encoder):
            x = stage(x)
            if level == self.config.depth - 1:
                x = self.dropout(x)
            skips.append(x)
            _check_even(x, pooled(self.config, level))
            x = self.pools[level](x)
        x = self.dropout(self.bridge(x))
        for up, stage, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = up(x)
            x = stage(torch.cat([_crop_to(skip, x), x], dim=1))
        return self.answer(x)

    def answer(self, features: Tensor) -> Tensor:
        """What the final layer says of what the decoder makes: logits (N, out_channels, (Z,) Y, X)."""
        return depth_to_space(self.final(features), self.config.stem)


def space_to_depth(x: Tensor, side: int) -> Tensor:
    """(N, C, (Z,) Y, X) -> (N, C side^2, (Z,) Y / side, X / side): the pixels of a square become channels."""
    if side == 1:
        return x
    if any(size % side for size in x.shape[-2:]):
        raise ValueError(f"a stem of {side} for an image of size {tuple(x.shape[2:])}: choose a tile size that fits")
    squares = [x[..., row::side, column::side] for row in range(side) for column in range(side)]
    return torch.stack(squares, dim=2).flatten(1, 2)


def depth_to_space(x: Tensor, side: int) -> Tensor:
    """(N, C side^2, (Z,) Y, X) -> (N, C, (Z,) side Y, side X): sub-pixel convolution (Shi et al., CVPR 2016,
    arXiv:1609.05158) puts the channels of each output back as the pixels of a square, row by row."""
    if side == 1:
        return x
    n, channels, *slices, rows, columns = x.shape
    squares = x.reshape(n, channels // side**2, side, side, *slices, rows, columns)
    order = [0, 1, *range(4, 4 + len(slices)), -2, 2, -1, 3]  # torch's own pixel_shuffle takes four times as long here
    return squares.permute(order).reshape(n, -1, *slices, rows * side, columns * side)


def with_outputs(network: UNet, n: int) -> UNet:
    """A copy of `network` with `n` output channels: the first are its own, new ones are as in a fresh one."""
    changed = UNet(network.config.model_copy(update={"out_channels": n}))
    fresh, weights = changed.state_dict(), dict(network.state_dict())
    for name in ("final.weight", "final.bias"):
        kept = min(len(fresh[name]), len(weights[name]))  # rows of an output, one a pixel of the stem, are neighbours
        weights[name] = torch.cat([weights[name][:kept], fresh[name].to(weights[name])[kept:]])
    changed.load_state_dict(weights)
    return changed


def _initialize(module: nn.Module) -> None:
    """He et al. 2015 (arXiv:1502.01852): a Gaussian of variance 2 / fan-in, as the U-Net paper asks."""
    if isinstance(module, (nn.Conv2d, nn.Conv3d)):
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
    elif isinstance(module, (nn.ConvTranspose2d, nn.ConvTranspose3d)):
        # Each output pixel of a 2x2, stride 2 up-convolution gets one tap from every input channel.
        nn.init.normal_(module.weight, std=(2.0 / module.in_channels) ** 0.5)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


@torch.no_grad()
def _begin_smooth(final: Any, together: int) -> None:
    """The pixels of a square begin alike, else a map begins as a chess board (Aitken et al., arXiv:1707.02937)."""
    final.weight.copy_(final.weight[::together].repeat_interleave(together, dim=0))


def pooled(config: UNetConfig, level: int) -> tuple[int, ...]:
    """How many pixels along (Z,) Y, X the pooling after the stage at `level` makes one."""
    return tuple(2 if axis.pools(level) else 1 for axis in config.axes)


def _check_even(x: Tensor, by: tuple[int, ...]) -> None:
    if any(size % factor for size, factor in zip(x.shape[2:], by, strict=True)):
        raise ValueError(f"2x2 pooling of a map of odd size {tuple(x.shape[2:])}: choose a tile size that fits")


def _crop(x: Tensor, margins: tuple[int, ...]) -> Tensor:
    """Cut so many pixels off both ends of each spatial axis."""
    for axis, margin in enumerate(margins, start=2):
        x = x.narrow(axis, margin, x.shape[axis] - 2 * margin)
    return x


def _crop_to(skip: Tensor, x: Tensor) -> Tensor:
    """Cut the centre of `skip` to the spatial size of `x`; both sides lose the same, so pixels stay aligned."""
    return _crop(skip, tuple((s - t) // 2 for s, t in zip(skip.shape[2:], x.shape[2:], strict=True)))
