"""From tiles to probabilities: the network on its engine, and what the head makes of its answer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from napari_unet.heads.registry import find_head
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.opening import open_network
from napari_unet.segmentation.tiles.turned import predict_every_way


class Predictor:
    """Turns tiles into probabilities. Holds its own copy of the network, so training may go on in the model.

    Parameters
    ----------
    model : Model
    engine : Engine
        On what it computes, and how exactly.
    every_way : bool
        Whether tiles are also looked at turned and mirrored, and the answers averaged: eight times the work.
    """

    def __init__(self, model: Model, engine: Engine = Engine(), every_way: bool = False) -> None:
        self.record = model.record
        self._head = find_head(model.record)
        self._network, self._every_way = open_network(model.body, engine), every_way
        self.itemsize: int = self._network.itemsize

    @torch.inference_mode()
    def predict(
        self, tiles: npt.NDArray[np.float32], region: tuple[slice, ...] | None = None
    ) -> npt.NDArray[np.float32]:
        """(N, C, (Z,) Y, X) normalized float32 -> probabilities (N, outputs, (Z,) Y, X) float32, or of `region`."""
        return predict_every_way(self._predict, tiles, region) if self._every_way else self._predict(tiles, region)

    def _predict(self, tiles: npt.NDArray[np.float32], region: tuple[slice, ...] | None) -> npt.NDArray[np.float32]:
        said = self._network(tiles, region)
        # a network of another program comes with what makes probabilities of its answer
        return (said if self.record.foreign is not None else self._head.activate(said)).cpu().numpy()
