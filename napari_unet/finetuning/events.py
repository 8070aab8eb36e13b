"""What fine-tuning says while it runs, and what it gives in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.view import View

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.labels.evidence import Score, ScoreDifference
    from napari_unet.models.model import Model


@dataclass(frozen=True)
class UsedObject:
    """A reviewed object in one plane: index of the plane, centre (y, x) in pixels, id, and whether it was corrected."""

    plane: tuple[int, ...]
    center: tuple[float, float]
    label: int
    corrected: bool


@dataclass(frozen=True)
class ImageUse:
    """The objects of one image (an object once in each plane) that are learned from, and those that only score."""

    name: str
    learned: tuple[UsedObject, ...] = ()
    held_out: tuple[UsedObject, ...] = ()

    @property
    def n_learned(self) -> int:
        """Objects, each counted once however many planes it runs through."""
        return len({one.label for one in self.learned})

    @property
    def n_held_out(self) -> int:
        return len({one.label for one in self.held_out})


@dataclass(frozen=True)
class Prepared:
    """Data are ready: how many objects are learned from and held out, and the score before.

    `diameters` has, for each image, the median diameter in pixels of its reviewed objects (None: it has none).
    `noun` is what was counted: objects, or of classes places. `uses` tells them one by one, an entry an image.
    """

    n_images: int
    n_objects: int
    n_held_out: int
    n_corrected: int
    before: Score | None
    seconds: float
    diameters: tuple[float | None, ...] = ()
    noun: str = "object"
    uses: tuple[ImageUse, ...] = ()


@dataclass(frozen=True)
class ScoreDone:
    """The model so far, scored on the held-out objects."""

    step: int
    score: Score
    best: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class PreviewRequest:
    """What to show of the model in training: the part in `view` (rows, columns) of one plane of a grey image.

    `plane` is an index over the image's axes before YX, `look` how the image is looked at (without a diameter: that of
    the reviewed objects), `key` whatever tells the asker later what it was.
    """

    image: ModelInput
    plane: tuple[int, ...]
    view: tuple[slice, slice]
    look: View = View()
    key: Any = None


@dataclass(frozen=True, eq=False)
class PreviewDone:
    """Labels (Y, X) of the view of `request`, by the model in training."""

    step: int
    request: PreviewRequest
    labels: npt.NDArray[np.int32]
    seconds: float


@dataclass(frozen=True, eq=False)
class FinetuneResult:
    """The child model (not yet saved), and whether it is better; `sentence` says so in plain words.

    `better` is None when it cannot be known: nothing was held out, or too little to tell a gain from chance; then
    `change` tells how large it may be, and with `cautious` the old model is the safer one meanwhile. `base_before` and
    `base_after` are scores on a few images of the kinds that the base model was made for (None: the model has no replay
    set). `parent` is the model that was started from, and `diameters` as in `Prepared`: segment the same images with
    them.
    """

    model: Model
    before: Score | None
    after: Score | None
    better: bool | None
    sentence: str
    steps: int
    seconds: float
    diameters: tuple[float | None, ...] = ()
    change: ScoreDifference | None = None
    base_before: Score | None = None
    base_after: Score | None = None
    parent: Model | None = None
    cautious: bool = False

    @property
    def favours_child(self) -> bool:
        """Whether to go on with the child, for who does not compare."""
        return self.better is not False and not self.cautious

    @property
    def to_keep(self) -> Model:
        """What to go on with: the child, or, if that is wiser, a child with the parent's weights, unchanged."""
        if self.favours_child or self.parent is None:
            return self.model
        mine, old = self.model.record, self.parent.record
        training = mine.training.model_copy(update={"learned": old.training.learned})
        fresh = {name: getattr(mine, name) for name in ("name", "parent", "parent_name", "created", "scores")}
        record = old.model_copy(update=fresh | {"training": training})
        return replace(self.parent, record=record, sha256=None, path=None)
