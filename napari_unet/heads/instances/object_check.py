"""Whether labels that are to be objects are classes in truth. No torch here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.heads.survey import ReviewedImage
from napari_unet.labels.places import check_single_objects


def check_objects(images: Sequence[ReviewedImage]) -> None:
    """Raise `UserError` if reviewed values lie in so many separate places that they must be classes."""
    for one in images:
        reviewed = (np.where(one.reviewed[index], one.labels[index], 0) for index in one.planes())
        check_single_objects(reviewed, one.name, one.ids)
