"""Classes: every painted value is one, everywhere the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.head import Centers, Head, LearningMaps
from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.semantic import learning
from napari_unet.heads.semantic.scoring import ClassScore, ClassTally, ConfusionTable, count_cells, pool_cells
from napari_unet.heads.semantic.shares import value_shares
from napari_unet.heads.semantic.survey import survey_classes
from napari_unet.heads.semantic.verdict import judge_classes
from napari_unet.heads.survey import ReviewedImage, Survey
from napari_unet.models.record import ModelRecord, check_class_names

if TYPE_CHECKING:
    from torch import Tensor, nn

_NOTHING = 4.0  # logit of the background in a new network


class Semantic(Head):
    """Every value is a class, the background 0."""

    name = "semantic"
    title = "classes"
    has_size = False
    keeps_values = True
    activation = "softmax"
    draws_objects = False
    names_values = True

    def activate(self, logits: Tensor) -> Tensor:
        return logits.softmax(dim=1)

    def decode(self, maps: npt.NDArray[Any], record: ModelRecord, smallest: float) -> npt.NDArray[np.int32]:
        classes: npt.NDArray[np.int32] = np.argmax(maps, axis=0).astype(np.int32)
        return classes

    # -- how it learns ---------------------------------------------------------------------------------------------

    def learning_maps(self, plane: TrainingPlane) -> LearningMaps:
        return learning.learning_maps(plane)

    def centers(self, plane: TrainingPlane) -> Centers:
        return learning.centers(plane)

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        from napari_unet.heads.semantic.losses import semantic_loss

        return semantic_loss(logits, targets, weights)

    def distil(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        from napari_unet.heads.semantic.losses import distil_classes

        return distil_classes(logits, targets, weights)

    def begin(self, record: ModelRecord, class_names: Sequence[str]) -> ModelRecord:
        names = check_class_names(class_names)
        architecture = record.architecture.model_copy(update={"out_channels": len(names)})
        # Classes have no size of their own, so nothing is resampled.
        update = {"class_names": names, "outputs": names, "diameter_range": (1.0, 10_000.0)}
        return record.model_copy(update=update | {"architecture": architecture})

    def quieten(self, final: nn.Module, together: int = 1) -> None:
        bias: Any = final.bias
        bias[:together] = _NOTHING

    # -- what was reviewed -----------------------------------------------------------------------------------------

    def survey(self, images: Sequence[ReviewedImage], record: ModelRecord) -> Survey:
        return survey_classes(images, record.class_names)

    def changed(self, image: ReviewedImage, index: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        reviewed = np.asarray(image.reviewed[index], bool)
        if image.prediction is None:
            return np.zeros_like(reviewed)
        return np.asarray((np.asarray(image.prediction[index]) != np.asarray(image.labels[index])) & reviewed)

    def fits(self, class_names: tuple[str, ...], record: ModelRecord) -> str | None:
        if class_names == record.class_names:
            return None
        what = f"with the classes {', '.join(class_names)}" if class_names else "by object"
        return f"it is labelled {what}, and the model knows the classes {', '.join(record.class_names)}"

    # -- how good it is --------------------------------------------------------------------------------------------

    def truth(self, plane: HeldOutPlane) -> npt.NDArray[np.int32]:
        return np.where(plane.region, plane.labels, 0)

    def compare(self, plane: HeldOutPlane, found: npt.NDArray[np.int32], record: ModelRecord) -> ConfusionTable:
        return count_cells(self.truth(plane), found, plane.region, len(record.class_names))

    def pool(self, parts: Sequence[ConfusionTable], record: ModelRecord) -> ClassScore:
        return pool_cells(np.concatenate(parts), record.class_names)

    def judge(self, outcome: Outcome) -> Verdict:
        return judge_classes(outcome)

    def tally(self, truth: npt.NDArray[Any], found: npt.NDArray[Any], record: ModelRecord) -> ClassTally:
        return ClassTally.of(truth, found, record.class_names)

    # -- in which words --------------------------------------------------------------------------------------------

    def class_names(self, record: ModelRecord) -> tuple[str, ...]:
        return record.class_names

    def summarize(self, labels: npt.NDArray[Any], record: ModelRecord) -> dict[str, Any]:
        return {"classes": value_shares(labels, record.class_names)}
