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
    """Two 3x3 convolutions, each followed by normalization (if any) and ReLU; optionally residual."""

    def __init__(self, config: UNetConfig, in_channels: int, out_channels: int) -> None:
        super().__init__()
        conv = _CONV[config.ndim]
        padding = 1 if config.padding == "same" else 0
        bias = config.normalization == "none"
        self.crop = 0 if padding else 2
        self.conv1 = conv(in_channels, out_channels, 3, padding=padding, bias=bias)
        self.norm1 = _make_norm(config, out_channels)
        self.conv2 = conv(out_channels, out_channels, 3, padding=padding, bias=bias)
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
    """Doubles the size and halves the channels: transposed 2x2 convolution, or interpolation and a 1x1 convolution."""

    def __init__(self, config: UNetConfig, channels: int) -> None:
        super().__init__()
        self.mode = {2: "bilinear", 3: "trilinear"}[config.ndim]
        self.interpolated = config.upsampling == "interpolated"
        make = _CONV[config.ndim] if self.interpolated else _UP[config.ndim]
        kernel = {"kernel_size": 1} if self.interpolated else {"kernel_size": 2, "stride": 2}
        self.conv = make(channels, channels // 2, **kernel)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C / 2, 2 ...)."""
        if self.interpolated:
            x = nn.functional.interpolate(x, scale_factor=2.0, mode=self.mode, align_corners=False)
        return self.conv(x)  # type: ignore[no-any-return]


class UNet(nn.Module):
    """Encoder, bridge, skip connections, decoder and a 1x1 final layer.

    Parameters
    ----------
    config : UNetConfig
        2D or 3D, depth, base channels (doubled at each stage), padding, normalization, up-sampling.

    Notes
    -----
    With ``padding="same"`` each spatial size must be a multiple of ``config.pooling_factor``; with ``"valid"`` the map
    shrinks by twice ``margin`` pixels an axis, and each pooling must meet an even size.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.base_channels * 2**level for level in range(config.depth + 1)]
        inputs = [config.in_channels, *widths[:-1]]
        self.encoder = nn.ModuleList(Stage(config, i, o) for i, o in zip(inputs[:-1], widths[:-1], strict=True))
        self.bridge = Stage(config, inputs[-1], widths[-1])
        self.up = nn.ModuleList(Up(config, width) for width in reversed(widths[1:]))
        self.decoder = nn.ModuleList(Stage(config, width, width // 2) for width in reversed(widths[1:]))
        self.final = _CONV[config.ndim](widths[0], config.out_channels, 1)
        self.pool = _POOL[config.ndim](2)
        self.dropout = nn.Dropout(config.dropout)
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, (Z,) Y, X) float -> logits (N, out_channels, (Z,) Y, X)."""
        skips = []
        for level, stage in enumerate(self.encoder):
            x = stage(x)
            if level == self.config.depth - 1:
                x = self.dropout(x)
            skips.append(x)
            _check_even(x)
            x = self.pool(x)
        x = self.dropout(self.bridge(x))
        for up, stage, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            x = up(x)
            x = stage(torch.cat([_crop_to(skip, x), x], dim=1))
        return self.final(x)  # type: ignore[no-any-return]


def with_outputs(network: UNet, n: int) -> UNet:
    """A copy of `network` with `n` output channels: the first are its own, new ones are as in a fresh one."""
    changed = UNet(network.config.model_copy(update={"out_channels": n}))
    fresh, weights = changed.state_dict(), dict(network.state_dict())
    for name in ("final.weight", "final.bias"):
        kept = min(n, len(weights[name]))
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


def _check_even(x: Tensor) -> None:
    if any(size % 2 for size in x.shape[2:]):
        raise ValueError(f"2x2 pooling of a map of odd size {tuple(x.shape[2:])}: choose a tile size that fits")


def _crop(x: Tensor, margin: int) -> Tensor:
    if margin == 0:
        return x
    inner = slice(margin, -margin)
    return x[..., inner, inner] if x.ndim == 4 else x[..., inner, inner, inner]


def _crop_to(skip: Tensor, x: Tensor) -> Tensor:
    """Cut the centre of `skip` to the spatial size of `x`; both sides lose the same, so pixels stay aligned."""
    margins = {(s - t) // 2 for s, t in zip(skip.shape[2:], x.shape[2:], strict=True)}
    if len(margins) == 1:
        return _crop(skip, margins.pop())
    for axis, (s, t) in enumerate(zip(skip.shape[2:], x.shape[2:], strict=True), start=2):
        skip = skip.narrow(axis, (s - t) // 2, t)
    return skip
