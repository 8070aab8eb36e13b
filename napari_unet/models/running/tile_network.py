"""What runs a network on tiles, whichever program does it; and torch, which is always there."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from napari_unet.labels.types import Floats
from napari_unet.models.running.device import keep_large_buffers
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.fused import FusedUNet, fold_batch_norms, fuse_network
from napari_unet.models.running.quantized import quantize_network
from napari_unet.models.unet import UNet

Region = tuple[slice, ...]


class TileNetwork(Protocol):
    """A network ready to predict, with weights of its own. `itemsize` is bytes a value within it."""

    itemsize: int

    def __call__(self, tiles: Floats, region: Region | None = None) -> Tensor:
        """(N, C, (Z,) Y, X) float32 -> logits (N, outputs, (Z,) Y, X) float32, or of `region` of (Z,) Y, X."""
        ...


class TorchNetwork:
    """Torch: normalization folded into convolutions, fast precision, channels last. `module` is what runs.

    In int8, where it is asked for and can be; else as exactly as with "auto".
    """

    def __init__(self, network: UNet, engine: Engine) -> None:
        self._device, self._dtype = engine.torch_device, engine.dtype
        folded = fold_batch_norms(network).float().to(self._device)
        self._format = torch.channels_last if network.config.ndim == 2 else torch.channels_last_3d
        integers = None
        if self._device.type == "cpu":
            keep_large_buffers()
            integers = quantize_network(folded) if engine.precision == "int8" else None
        if integers is not None:
            self._dtype = torch.float32  # of what goes in
        self.itemsize: int = 1 if integers is not None else self._dtype.itemsize
        self.module: nn.Module = integers or self._made_exact(folded)

    def _made_exact(self, folded: UNet) -> nn.Module:
        folded.to(self._device, self._dtype).to(memory_format=self._format)  # type: ignore[call-overload]
        return fuse_network(folded) if self._device.type == "cpu" else folded

    def __call__(self, tiles: Floats, region: Region | None = None) -> Tensor:
        batch = torch.from_numpy(np.ascontiguousarray(tiles)).to(self._device, self._dtype)
        return self._run(batch.contiguous(memory_format=self._format), region).float()

    def _run(self, batch: Tensor, region: Region | None) -> Tensor:
        if region is None:
            return self.module(batch)  # type: ignore[no-any-return]
        if isinstance(self.module, FusedUNet):
            return self.module(batch, region)  # type: ignore[no-any-return]
        return self.module(batch)[(..., *region)]  # type: ignore[no-any-return]
