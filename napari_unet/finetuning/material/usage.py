"""Which reviewed objects a run learns from, and which only score it, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_unet.finetuning.events import ImageUse, UsedObject

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage
    from napari_unet.finetuning.material.preparation import Material


def list_uses(material: Material, images: Sequence[CorrectedImage]) -> tuple[ImageUse, ...]:
    """One `ImageUse` for each of `images`.

    An object is where its centre is. Those in the gap between what is learned from and what is held out, and those of
    planes that there was no time to read, are in neither list.
    """
    read = set(material.planes)
    learned: list[list[UsedObject]] = [[] for _ in images]
    held_out: list[list[UsedObject]] = [[] for _ in images]
    for found in material.survey.objects:
        if (found.image, found.plane) not in read:
            continue
        use = UsedObject(found.plane, material.survey.place_of(found), found.label, found.corrected)
        y, x = (round(at) for at in found.center)
        for masks, lists in ((material.split.training, learned), (material.split.held_out, held_out)):
            mask = masks[found.image]
            if mask[min(y, mask.shape[0] - 1), min(x, mask.shape[1] - 1)]:
                lists[found.image].append(use)
    return tuple(
        ImageUse(image.name, tuple(ours), tuple(theirs))
        for image, ours, theirs in zip(images, learned, held_out, strict=True)
    )
