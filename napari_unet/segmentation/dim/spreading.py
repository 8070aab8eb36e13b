"""A plane with its light spread, so that what has a tenth of its neighbour's light has a third of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.types import Floats, PlaneIndex
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.plane import SeenPlane, see_plane

_DARK = 0.4  # of the range of grey values: a background below it may hide dim objects
_QUICK = 4_000_000  # pixels of an image: so many are looked at a second time before anybody notices


@dataclass(frozen=True, eq=False)
class SpreadPlane:
    """`pixels` (Y, X) float32, scaled as for the network, and as they are `seen` by it with their light spread."""

    pixels: Floats
    seen: SeenPlane


def may_hide_objects(image: ModelInput, plan: Plan) -> bool:
    """Whether planes of `image` are to be looked at twice, as `plan` wants it (`SegmentConfig.dim_objects`).

    By itself that is done for images of few pixels, by a model as it ships: one that was taught leaves out what its
    teacher left out.
    """
    record, wanted = plan.record, plan.config.dim_objects
    if isinstance(image, ChannelStack) or record.architecture.in_channels != 1 or plan.deep:
        return False
    if wanted == "no" or not find_head(record).draws_objects or record.foreign is not None:
        return False
    small = int(np.prod(image.shape, dtype=np.int64)) < _QUICK and plan.config.quality != "fast"
    return wanted == "yes" or (small and record.sizes is None and not record.untrained)


def spread_light(image: ModelInput, plan: Plan, unit: PlaneIndex) -> SpreadPlane | None:
    """The square root of the grey values of plane `unit`; None if most of it is light, in which nothing hides."""
    normalization = plan.record.normalization
    limits = plan.view.limits_of(image, unit, normalization)
    pixels = normalize(image.plane(unit), limits, normalization)
    if not float(np.median(pixels)) < _DARK:
        return None
    spread = np.sqrt(np.clip(pixels, 0, None))
    return SpreadPlane(pixels, see_plane(spread, measure_limits(spread, normalization), plan.record, plan.factor))
