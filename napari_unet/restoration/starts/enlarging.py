"""Twice as many rows and columns, and half as many, as a camera would have them."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from napari_unet.labels.types import Array, Box, Floats, PlaneBox


def enlarge(plane: Array) -> Floats:
    """(Y, X) -> (2 Y, 2 X) float32, bicubic."""
    values = torch.from_numpy(np.ascontiguousarray(plane, np.float32))[None, None]
    return F.interpolate(values, scale_factor=2, mode="bicubic", align_corners=False)[0, 0].numpy()


def interleave(maps: Array) -> Floats:
    """(factor ** 2, Y, X), the places in a pixel, rows first -> (factor Y, factor X) float32."""
    factor = round(len(maps) ** 0.5)
    return F.pixel_shuffle(torch.from_numpy(np.ascontiguousarray(maps, np.float32))[None], factor)[0, 0].numpy()


def finer(part: Box, factor: int) -> PlaneBox:
    """The same part of a plane (rows, columns) with `factor` times as many of both."""
    rows, columns = (slice(one.start * factor, one.stop * factor) for one in part)
    return rows, columns


def shrink(plane: Array) -> Floats:
    """(2 Y, 2 X) -> (Y, X) float32: the mean of 2 x 2 pixels, as of a camera with pixels twice as wide."""
    cells = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)
