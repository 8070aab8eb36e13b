"""Which of the kinds of image that a model knows learns from some images.

The one that was taught such images before: that answered most of them, or whose images these resemble most. Else the
one that finds most of what was reviewed, which nobody can know better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.heads.outcome import rank
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import grey_input
from napari_unet.labels.regions import middle_box
from napari_unet.learning.scoring import score_model
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.kinds import can_see, nearest_kinds

_IMAGES = 3  # that are asked
_SEVERAL = 5  # reviewed objects tell their size better than an estimate does
_SIDE = 256  # pixels at a kind's object size, of each image


def choose_starting_kind(
    parent: Model,
    images: Sequence[CorrectedImage],
    engine: Engine = Engine(),
    enough: Callable[[], bool] = lambda: False,
) -> Model:
    """The kind of `parent` that learns from `images`, alone; asking kinds how well they do ends when `enough()`."""
    if not parent.others or not images:
        return parent.alone
    asked = images[:: -(-len(images) // _IMAGES)]
    able = [kind for kind in parent.kinds if all(can_see(kind, one.image) for one in images)] or [parent.alone]
    said = Counter(one.view.kind for one in images if one.view.kind in parent.record.kind_names)
    if said:
        answered = [parent.kind_called(str(name)) for name, _ in said.most_common()]
        untaught = [kind for kind in able if kind.record.sizes is None and kind.record.kind_name not in said]
        return _best_known(answered[0], [*answered, *untaught], asked, engine, enough)
    near = [_near(one, parent, able) for one in asked] if len(able) > 1 else [able]
    nearest = _most_named([kinds[0] for kinds in near])
    candidates = [kind for kind in able if any(kind is one for kinds in near for one in kinds)]
    return _best_known(nearest, candidates, asked, engine, enough)


def _best_known(
    first: Model, kinds: Sequence[Model], asked: Sequence[CorrectedImage], engine: Engine, enough: Callable[[], bool]
) -> Model:
    """The `first` of `kinds` if it was taught, or cannot be compared; else the one that finds most of `asked`."""
    candidates = [kind for kind in kinds if kind is first or kind.record.architecture.ndim == 2]
    if first.record.sizes is not None or len(candidates) < 2 or not find_head(first.record).draws_objects:
        return first
    return _best(candidates, first, asked, engine, enough)


def shown_plane(one: CorrectedImage) -> tuple[int, ...]:
    """The plane of which most is reviewed."""
    planes = list(one.planes())
    return max(planes, key=lambda plane: int(np.count_nonzero(one.reviewed[plane])), default=())


def _near(one: CorrectedImage, parent: Model, able: list[Model]) -> list[Model]:
    return nearest_kinds(one.image, parent, able, shown_plane(one), "yes" if one.view.inverted else "no")


def _most_named(kinds: Sequence[Model]) -> Model:
    counts = Counter(id(kind) for kind in kinds)
    return max(kinds, key=lambda kind: counts[id(kind)])


def _best(
    candidates: Sequence[Model], nearest: Model, asked: Sequence[CorrectedImage], engine: Engine,
    enough: Callable[[], bool],
) -> Model:  # fmt: skip
    """The kind that finds most of what was reviewed; the nearest where none finds more than it, or time is up."""
    best, most = nearest, -1.0
    for kind in (nearest, *(one for one in candidates if one is not nearest)):
        if most >= 0 and enough():
            break
        planes = [plane for one in asked if (plane := _reviewed_part(one, kind)) is not None]
        found = rank(score_model(kind, planes, engine, enough)[0]) if planes else 0.0
        if found > most:
            best, most = kind, found
    return best


def _reviewed_part(one: CorrectedImage, kind: Model) -> HeldOutPlane | None:
    """The middle of what is reviewed of an image, as `kind` is to see it; None if there is no object in it."""
    index = shown_plane(one)
    labels, reviewed = np.asarray(one.labels[index]), np.asarray(one.reviewed[index], bool)
    areas = object_areas(np.where(reviewed, labels, 0))
    if not areas:
        return None
    diameter = one.view.diameter
    if diameter is None or (one.view.estimated and len(areas) >= _SEVERAL):
        diameter = typical_diameter(areas.values())
    box = middle_box(reviewed & (labels > 0), round(_SIDE / resampling_factor(kind.record, diameter)))
    image = grey_input(one.image) if kind.record.architecture.in_channels == 1 else one.image
    limits = one.view.limits_of(image, index, kind.record.normalization)
    pixels = image.plane(index)[(..., *box)]
    return HeldOutPlane(pixels, labels[box].astype(np.int32), reviewed[box], limits, diameter)
