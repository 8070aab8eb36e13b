"""Planes whose labels are classes: what is learned from them, and what is scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from napari_unet.finetuning.material.class_survey import place_ids
from napari_unet.learning.patches import CORRECTED_WEIGHT, TrainingPlane
from napari_unet.learning.scoring import HeldOutPlane


@dataclass(eq=False)
class ClassPlane(TrainingPlane):
    """A plane to learn classes from; a pixel of class i counts `class_weights[i]` times."""

    class_weights: tuple[float, ...] = ()
    n_binary = 0  # shares of classes, not yes or no

    def __post_init__(self) -> None:
        # What nobody reviewed may hold anything, an instance model's ids too: it carries no loss.
        self.labels = np.where(self.learn, self.labels, 0)

    def targets(self) -> npt.NDArray[np.float32]:
        """(classes, Y, X): 1 where a pixel is of the class."""
        classes = np.arange(len(self.class_weights))[:, None, None]
        return np.asarray(classes == self.labels, np.float32)

    def weights(self) -> npt.NDArray[np.float32]:
        weight = np.array(self.class_weights, np.float32)[self.labels]
        weight[ndimage.binary_dilation(self.changed, iterations=2)] *= CORRECTED_WEIGHT
        return np.where(self.learn, weight, np.float32(0.0))

    def centers(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Middles (n, 2) of the reviewed places; all classes get as many patches, corrected places more."""
        n, at = len(self.class_weights), np.nonzero(self.learn)
        ids, inverse = np.unique(place_ids(self.labels, self.learn, n)[at], return_inverse=True)
        area = np.bincount(inverse)
        places = np.stack([np.bincount(inverse, weights=where) / area for where in at], axis=1)
        kinds = (ids - 1) % n
        shares = 1.0 / np.bincount(kinds, minlength=n)[kinds]
        changed = np.bincount(inverse, weights=self.changed[at]) > 0
        return places.reshape(-1, 2), np.where(changed, CORRECTED_WEIGHT * shares, shares)

    @property
    def tensor(self) -> Tensor:
        """(C + classes + 2, Y, X) float32, as for objects."""
        if self._tensor is None:
            weight = self.weights()
            maps = [self.channels, self.targets(), weight[None], (weight > 0)[None].astype(np.float32)]
            self._tensor = torch.from_numpy(np.concatenate(maps))
        return self._tensor


@dataclass(eq=False)
class HeldOutClassPlane(HeldOutPlane):
    """A plane to score classes on, where `region`."""

    def __post_init__(self) -> None:
        self.truth = np.where(self.region, self.labels, 0)
        self.counts = self.region
