"""What in a person's labels contradicts itself, as sentences that say where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.labels.ids import object_boxes
from napari_unet.labels.types import Array, PlaneBox

_MOST = 3  # sentences of one sort; who has seen three knows what to look for
_BACKGROUND = 0.01  # share of what is reviewed that has to be background
_CONTACTS = 0.25  # share of all outlines that is between two objects, as in a tissue
_SHARED = 0.5  # IoU of convex hulls above which two objects are one that was drawn twice
_PART = 0.2  # of the largest part's pixels that another must have to be more than a stray dab


def find_inconsistencies(images: Sequence[CorrectedImage]) -> list[str]:
    """Sentences about labels that a model cannot make sense of, at most three of each sort; empty if there are none."""
    found: dict[str, list[str]] = {"background": [], "twice": [], "parts": []}
    for corrected in images:
        if not _has_background(corrected):
            found["background"].append(
                f"What is reviewed of “{corrected.name}” holds no background, so the model cannot learn where objects "
                "end. Mark some of their surroundings as reviewed too."
            )
        for plane in corrected.planes():
            drawn = _drawn(corrected, plane)
            boxes = _boxes(corrected.labels[plane], drawn)
            where = f"“{corrected.name}”{_slice(plane)}"
            for one, other in _drawn_twice(corrected.labels[plane], boxes):
                found["twice"].append(
                    f"Objects {corrected.id_of(one)} and {corrected.id_of(other)} of {where} lie over each other, as "
                    "if one was drawn twice. Merge them, or delete one."
                )
            for label, count in _far_apart(corrected.labels[plane], boxes):
                found["parts"].append(
                    f"Object {corrected.id_of(label)} of {where} is in {count} parts that lie apart. If they are "
                    "several objects, give each an id of its own."
                )
    return [sentence for sentences in found.values() for sentence in sentences[:_MOST]]


def _has_background(corrected: CorrectedImage) -> bool:
    """Or objects that touch one another, as in a tissue: there, outlines are known without background."""
    reviewed = int(np.count_nonzero(corrected.reviewed))
    background = int(np.count_nonzero(corrected.reviewed & (corrected.labels == 0)))
    return background >= _BACKGROUND * reviewed or _contact_share(corrected) >= _CONTACTS


def _contact_share(corrected: CorrectedImage) -> float:
    """Share of the outlines of reviewed objects that is shared with another reviewed object."""
    objects = np.where(corrected.reviewed, corrected.labels, 0)
    outline = contact = 0
    for axis in (-2, -1):
        turned = np.moveaxis(objects, axis, 0)
        here, there = turned[:-1], turned[1:]
        edge = here != there
        outline += int(np.count_nonzero(edge))
        contact += int(np.count_nonzero(edge & (here > 0) & (there > 0)))
    return contact / max(1, outline)


def _drawn(corrected: CorrectedImage, plane: tuple[int, ...]) -> set[int]:
    """Reviewed ids of a plane that a person drew; where no prediction is known, all of them."""
    reviewed = set(np.unique(corrected.labels[plane][corrected.reviewed[plane]]).tolist()) - {0}
    if corrected.prediction is None:
        return reviewed
    frame = plane[0] if corrected.axes.startswith("T") else 0
    return reviewed & corrected.comparisons[frame].changed


def _boxes(labels: Array, ids: set[int]) -> dict[int, PlaneBox]:
    found = object_boxes(labels) if ids else {}
    return {label: (found[label][0], found[label][1]) for label in sorted(ids)}


def _drawn_twice(labels: Array, boxes: dict[int, PlaneBox]) -> Iterator[tuple[int, int]]:
    """Pairs of objects whose convex hulls are nearly the same: only one of them can be there."""
    for one, box in boxes.items():
        for other in np.unique(labels[box]).tolist():
            if other in boxes and (other > one) and _overlap(box, boxes[other]) > _SHARED:
                crop = labels[_around(box, boxes[other])]
                hulls = [convex_hull_image(crop == label) for label in (one, other)]
                if np.count_nonzero(hulls[0] & hulls[1]) > _SHARED * np.count_nonzero(hulls[0] | hulls[1]):
                    yield one, other


def _far_apart(labels: Array, boxes: dict[int, PlaneBox]) -> Iterator[tuple[int, int]]:
    """Objects of which a part lies further from the largest than that one is wide, and how many parts they have."""
    for label, box in boxes.items():
        parts, count = ndimage.label(labels[box] == label, structure=np.ones((3, 3)))
        if count < 2:
            continue
        sizes = np.bincount(parts.ravel())[1:]
        largest = int(sizes.argmax()) + 1
        others = np.isin(parts, [n + 1 for n in np.flatnonzero(sizes >= _PART * sizes.max()) if n + 1 != largest])
        away = ndimage.distance_transform_edt(parts != largest)[others]
        if away.size and away.min() > 2 * np.sqrt(sizes.max() / np.pi):
            yield label, 1 + len(np.unique(parts[others]))


def _overlap(box: PlaneBox, other: PlaneBox) -> float:
    shared, areas = 1, [1, 1]
    for a, b in zip(box, other, strict=True):
        shared *= max(0, min(a.stop, b.stop) - max(a.start, b.start))
        areas = [areas[0] * (a.stop - a.start), areas[1] * (b.stop - b.start)]
    return shared / (sum(areas) - shared)


def _around(box: PlaneBox, other: PlaneBox) -> PlaneBox:
    rows, columns = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(box, other, strict=True))
    return rows, columns


def _slice(plane: tuple[int, ...]) -> str:
    """As napari's sliders count."""
    return f" (slice {', '.join(map(str, plane))})" if plane else ""
