"""What a network saw of objects: its bridge and the last stage of its decoder, pooled over each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import torch

from napari_unet.classification.object_features import NETWORK
from napari_unet.classification.pooling import Pool
from napari_unet.images.channels import ModelInput, count_channels, model_input
from napari_unet.images.resampling import pick_nearest, repeat_pixels
from napari_unet.images.view import View
from napari_unet.labels.types import Array, Floats, Ints, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.tile_network import TorchNetwork
from napari_unet.segmentation.looks import can_look
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.tiling import plan_tiles

_TILE = 512


def choose_eyes(model: Model, image: ModelInput) -> Model | None:
    """The kind of `model` whose features are taken: the one that all others came of, so that they stay the same.

    None if there is none that can see `image`, or be looked into.
    """
    count = count_channels(image)
    able = (kind for kind in reversed(model.kinds) if kind.record.architecture.in_channels in (1, count))
    return next((kind for kind in able if can_look(kind)), None)


def weights_digest(model: Model) -> str:
    """A hash of the weights of one kind of a model: features of other weights mean something else."""
    digest = hashlib.sha256()
    for value in model.network.state_dict().values():
        digest.update(np.ascontiguousarray(value.detach().cpu().half().numpy()).tobytes())
    return digest.hexdigest()[:16]


class NetworkSight:
    """Looks through a network at the planes of one frame, and pools what it sees over the objects.

    Parameters
    ----------
    eyes : Model
        As `choose_eyes` gives it.
    ids : array
        (objects,) int64, sorted.
    diameter : float
        Typical one of the objects in pixels.
    """

    def __init__(self, eyes: Model, ids: Ints, diameter: float, engine: Engine) -> None:
        self._predictor = InsidePredictor(eyes, engine)
        self._factor = resampling_factor(eyes.record, diameter)
        network = eyes.record.architecture
        self._deep = Pool(ids, network.base_channels * 2**network.depth, spread=False)
        self._fine = Pool(ids, network.base_channels, spread=True)
        self.names = (
            *(f"{NETWORK} bridge {i}" for i in range(network.base_channels * 2**network.depth)),
            *(f"{NETWORK} decoder {i}" for i in range(network.base_channels)),
            *(f"{NETWORK} decoder spread {i}" for i in range(network.base_channels)),
        )

    def add(self, image: ModelInput, view: View, index: PlaneIndex, labels: Array) -> Iterator[None]:
        """Take in the plane `index` of `image` with `labels` (Y, X), a step a tile."""
        record = self._predictor.record
        seen = model_input(image, record.architecture.in_channels)
        limits = view.limits_of(seen, index, record.normalization)
        plane = see_plane(seen.plane(index), limits, record, self._factor)
        ids = _seen_labels(labels, self._factor)
        plan = plan_tiles(plane.size, _TILE, record.architecture)
        factor = record.architecture.pooling_factor
        for tile in plan.tiles:
            part = ids[tile.core]
            if part.any():
                deep, fine = self._predictor.look(plane.task(tile, plan.border).pixels[None])
                cells = tuple(slice(crop.start // factor, -(-crop.stop // factor)) for crop in tile.crop)
                self._deep.add_coarse(part, np.ascontiguousarray(deep[(slice(None), *cells)]), factor)
                self._fine.add(part, np.ascontiguousarray(fine[(slice(None), *tile.crop)]))
            yield

    def values(self) -> Floats:
        """(objects, features)."""
        return np.concatenate([self._deep.values(), self._fine.values()], axis=1)


class InsidePredictor:
    """A network on torch, whatever makes the labels; tells what its bridge and its decoder's last stage say."""

    def __init__(self, model: Model, engine: Engine) -> None:
        self.record = model.record
        self._network = TorchNetwork(model.network, engine)
        self._caught: dict[str, torch.Tensor] = {}
        stages = dict(self._network.module.named_children())
        stages["bridge"].register_forward_hook(self._catch("bridge"))
        list(stages["decoder"].children())[-1].register_forward_hook(self._catch("decoder"))

    @torch.inference_mode()
    def look(self, tiles: Floats) -> tuple[Floats, Floats]:
        """One tile (1, C, Y, X) -> the bridge (channels, Y / factor, X / factor) and the decoder (channels, Y, X)."""
        self._network(tiles)
        deep, fine = (self._caught[name][0].float().cpu().numpy() for name in ("bridge", "decoder"))
        return deep, repeat_pixels(fine, self.record.architecture.stem)

    def _catch(self, name: str) -> Callable[[torch.nn.Module, object, torch.Tensor], None]:
        def hook(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
            self._caught[name] = output

        return hook


def _seen_labels(labels: Array, factor: float) -> Array:
    """`labels` (Y, X) at the size that the network sees; every object keeps one pixel at least."""
    if factor == 1:
        return labels
    seen = np.array(pick_nearest(labels, factor))
    lost = np.setdiff1d(labels, np.append(seen, 0))
    if lost.size:
        at = np.flatnonzero(np.isin(labels, lost))
        ids, firsts = np.unique(labels.reshape(-1)[at], return_index=True)
        y, x = np.divmod(at[firsts], labels.shape[1])
        rows, columns = (
            np.minimum((axis * factor).astype(int), size - 1) for axis, size in zip((y, x), seen.shape, strict=True)
        )
        seen[rows, columns] = ids
    return seen
