"""The grey head: what comes out are grey values, not labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from napari_unet.errors import UserError
from napari_unet.heads.head import Centers, Head, LearningMaps
from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.survey import ReviewedImage, Survey
from napari_unet.heads.tally import Tally
from napari_unet.labels.evidence import Score
from napari_unet.labels.types import Array, Labels, Mask
from napari_unet.models.record import ModelRecord

if TYPE_CHECKING:
    from torch import Tensor, nn


_QUIET = 0.02  # of the last layer's usual weights


class Restoration(Head):
    """Grey values, one or several to a pixel, 0 and 1 being those of the record's limits; nothing to label."""

    name, title = "restoration", "grey values"
    has_size, keeps_values, draws_objects = False, True, False

    def activate(self, logits: Tensor) -> Tensor:
        return logits

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Mean squared error: its least is the mean of what may lie behind the noise, in the image's own units."""
        from napari_unet.heads.losses import weighted_mean

        return weighted_mean(((logits.float() - targets) ** 2).mean(dim=1, keepdim=True), weights)

    distil = loss

    def quieten(self, final: nn.Module, together: int = 1) -> None:
        """What it is added to is left as it is at first."""
        cast("Tensor", final.weight).data.mul_(_QUIET)

    def decode(self, maps: Array, record: ModelRecord, smallest: float) -> Labels:
        _no_labels(record)

    def learning_maps(self, plane: TrainingPlane) -> LearningMaps:
        _no_labels()

    def centers(self, plane: TrainingPlane) -> Centers:
        _no_labels()

    def survey(self, images: Sequence[ReviewedImage], record: ModelRecord) -> Survey:
        _no_labels(record)

    def changed(self, image: ReviewedImage, index: tuple[int, ...]) -> Mask:
        _no_labels()

    def truth(self, plane: HeldOutPlane) -> Labels:
        _no_labels()

    def compare(self, plane: HeldOutPlane, found: Labels, record: ModelRecord) -> Any:
        _no_labels(record)

    def pool(self, parts: Sequence[Any], record: ModelRecord) -> Score:
        _no_labels(record)

    def judge(self, outcome: Outcome) -> Verdict:
        _no_labels()

    def tally(self, truth: Array, found: Array, record: ModelRecord) -> Tally:
        _no_labels(record)

    def summarize(self, labels: Array, record: ModelRecord) -> dict[str, Any]:
        _no_labels(record)


def _no_labels(record: ModelRecord | None = None) -> NoReturn:
    name = "This model" if record is None else f"The model {record.name}"
    raise UserError(f"{name} makes grey values, not labels: use it with Restore, or napari-unet restore.")
