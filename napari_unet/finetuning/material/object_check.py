"""Whether labels that are to be objects are classes in truth. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.labels.places import check_single_objects

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage


def check_objects(images: Sequence[CorrectedImage]) -> None:
    """Raise `UserError` if reviewed values lie in so many separate places that they must be classes."""
    for one in images:
        reviewed = (np.where(one.reviewed[index], one.labels[index], 0) for index in one.planes())
        check_single_objects(reviewed, one.name, one.ids)
