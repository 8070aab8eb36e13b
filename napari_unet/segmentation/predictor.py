"""The network made ready to predict: normalization folded into convolutions, fast precision, channels last."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from napari_unet.heads.registry import find_head
from napari_unet.models.model import Model
from napari_unet.models.running.device import keep_large_buffers
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.fused import FusedUNet, fold_batch_norms, fuse_network


class Predictor:
    """Turns tiles into probabilities. Holds its own copy of the network, so training may go on in the model.

    Parameters
    ----------
    model : Model
    engine : Engine
        On what it computes, and how exactly.
    """

    def __init__(self, model: Model, engine: Engine = Engine()) -> None:
        self.record = model.record
        self._head = find_head(model.record)
        self.device, self.dtype = engine.torch_device, engine.dtype
        self.itemsize: int = self.dtype.itemsize
        network = fold_batch_norms(model.network).float().to(self.device, self.dtype)
        self._format = torch.channels_last if model.record.architecture.ndim == 2 else torch.channels_last_3d
        network.to(memory_format=self._format)  # type: ignore[call-overload]
        self._network: nn.Module = network
        if self.device.type == "cpu":
            keep_large_buffers()
            self._network = fuse_network(network)

    @torch.inference_mode()
    def predict(
        self, tiles: npt.NDArray[np.float32], region: tuple[slice, ...] | None = None
    ) -> npt.NDArray[np.float32]:
        """(N, C, (Z,) Y, X) normalized float32 -> probabilities (N, outputs, (Z,) Y, X) float32, or of `region`."""
        batch = torch.from_numpy(np.ascontiguousarray(tiles)).to(self.device, self.dtype)
        logits = self._run(batch.contiguous(memory_format=self._format), region).float()
        return self._head.activate(logits).cpu().numpy()

    def _run(self, batch: torch.Tensor, region: tuple[slice, ...] | None) -> torch.Tensor:
        if region is None:
            return self._network(batch)  # type: ignore[no-any-return]
        if isinstance(self._network, FusedUNet):
            return self._network(batch, region)  # type: ignore[no-any-return]
        return self._network(batch)[(..., *region)]  # type: ignore[no-any-return]
