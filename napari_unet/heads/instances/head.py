"""Objects, each on its own: foreground gives the outline, relative distance to the border parts what touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.head import Centers, Head, LearningMaps
from napari_unet.heads.instances import learning
from napari_unet.heads.instances.decoding import label_instances
from napari_unet.heads.instances.object_check import check_objects
from napari_unet.heads.instances.scoring import ObjectPart, compare_objects, pool_objects, whole_truth
from napari_unet.heads.instances.survey import survey_reviewed
from napari_unet.heads.instances.verdict import judge_objects
from napari_unet.heads.instances.volume import join_views, soften
from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.survey import ReviewedImage, Survey
from napari_unet.labels.evidence import Score
from napari_unet.labels.matching import count_objects
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.labels.types import Floats
from napari_unet.models.record import ModelRecord

if TYPE_CHECKING:
    from torch import Tensor, nn

_NOTHING = 4.0  # logit of "nothing here": early steps are not spent on unlearning objects everywhere
_SEAM_WEIGHT = 1.0  # as they are: what is more makes the network overstate their odds, which nobody corrects here


class Instances(Head):
    """Every object has a number of its own."""

    name = "instances"
    title = "objects"
    calibrates = True
    doubts = True
    n_binary = 1
    activation = "sigmoid"

    def activate(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def decode(self, maps: npt.NDArray[Any], record: ModelRecord, smallest: float) -> npt.NDArray[np.int32]:
        thresholds = record.foreground_threshold, record.seed_threshold
        return label_instances(maps, *thresholds, smallest, record.object_threshold)

    def join_views(
        self, slices: npt.NDArray[Any], sides: npt.NDArray[Any] | None, record: ModelRecord
    ) -> tuple[Floats, ModelRecord]:
        joined = join_views(slices, sides)
        return joined, record if sides is None else soften(record)

    # -- how it learns ---------------------------------------------------------------------------------------------

    def learning_maps(self, plane: TrainingPlane) -> LearningMaps:
        return learning.learning_maps(plane)

    def centers(self, plane: TrainingPlane) -> Centers:
        return learning.centers(plane)

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        from napari_unet.heads.instances.losses import instance_loss

        return instance_loss(logits, targets, weights, seam_weight=_SEAM_WEIGHT)

    def distil(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        from napari_unet.heads.instances.losses import distillation_loss

        return distillation_loss(logits, targets, weights)

    def quieten(self, final: nn.Module, together: int = 1) -> None:
        bias: Any = final.bias
        bias[:together] = -_NOTHING

    # -- what was reviewed -----------------------------------------------------------------------------------------

    def survey(self, images: Sequence[ReviewedImage], record: ModelRecord) -> Survey:
        found = survey_reviewed(images)
        if found.n_reviewed_pixels:
            check_objects(images)
        return found

    def changed(self, image: ReviewedImage, index: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        reviewed = np.asarray(image.reviewed[index], bool)
        if image.prediction is None:
            return np.zeros_like(reviewed)
        predicted, labels = np.asarray(image.prediction[index]), np.asarray(image.labels[index])
        return np.asarray(image.compare(index).mask(predicted, labels) & reviewed)

    def fits(self, class_names: tuple[str, ...], record: ModelRecord) -> str | None:
        return "it is labelled by class, and the model finds objects" if class_names else None

    # -- how good it is --------------------------------------------------------------------------------------------

    def truth(self, plane: HeldOutPlane) -> npt.NDArray[np.int32]:
        if plane.region.ndim == 3:
            return np.stack([whole_truth(one)[0] for _, one in plane.slices])
        return whole_truth(plane)[0]

    def compare(self, plane: HeldOutPlane, found: npt.NDArray[np.int32], record: ModelRecord) -> ObjectPart:
        return compare_objects(plane, found)

    def pool(self, parts: Sequence[ObjectPart], record: ModelRecord) -> Score:
        return pool_objects(parts)

    def judge(self, outcome: Outcome) -> Verdict:
        return judge_objects(outcome)

    def tally(self, truth: npt.NDArray[Any], found: npt.NDArray[Any], record: ModelRecord) -> ObjectTally:
        return tally_objects(truth, found)

    def summarize(self, labels: npt.NDArray[Any], record: ModelRecord) -> dict[str, Any]:
        return {"objects": count_objects(labels)}
