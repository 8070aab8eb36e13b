"""A head: all that the outputs of a network mean. A model's record names its head; nobody else asks for the task.

What is planned, predicted and assembled, taught, scored and told is the same for every head; what differs is here. A
new head is one folder with one class and one line in `napari_unet.heads.registry`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.survey import ReviewedImage, Survey
from napari_unet.heads.tally import Tally
from napari_unet.labels.evidence import Score
from napari_unet.labels.types import Floats
from napari_unet.models.record import ModelRecord

if TYPE_CHECKING:  # the window asks heads for words and tools, and needs no torch for that
    from torch import Tensor, nn

Centers = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class LearningMaps:
    """What a plane teaches: `targets` (T, Y, X) and loss `weights` (Y, X), 0 where nobody reviewed."""

    targets: Floats
    weights: Floats


class Head(ABC):
    """Activation, decoding, targets, losses, what is counted, how it is scored, and in which words.

    Attributes
    ----------
    has_size : bool
        Objects have a size of their own: it is estimated, and images are resampled to one that the model knows.
    keeps_values : bool
        A value means the same everywhere: values are not numbered on from tile to tile, nor linked through z.
    calibrates : bool
        How sure the model must be of an object may be chosen anew on what was learned from.
    doubts : bool
        Background that nobody drew and that the model takes for an object is unknown rather than background.
    names_values : bool
        Each value has a name, which a model must know.
    activation : str
        What `activate` does, for who runs the network without this program: "sigmoid", "softmax" or "none".
    draws_objects : bool
        Labels are outlines of single objects: they are split, merged, queued for review, checked against one another.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    has_size: ClassVar[bool] = True
    keeps_values: ClassVar[bool] = False
    calibrates: ClassVar[bool] = False
    doubts: ClassVar[bool] = False
    draws_objects: ClassVar[bool] = True
    names_values: ClassVar[bool] = False
    activation: ClassVar[str] = "none"
    n_binary: ClassVar[int] = 0
    """Targets, the first ones, that say yes or no: after resampling they are rounded."""

    # -- what the network says -------------------------------------------------------------------------------------

    @abstractmethod
    def activate(self, logits: Tensor) -> Tensor:
        """Logits (N, outputs, (Z,) Y, X) -> probabilities of the same shape."""

    @abstractmethod
    def decode(self, maps: npt.NDArray[Any], record: ModelRecord, smallest: float) -> npt.NDArray[np.int32]:
        """Labels ((Z,) Y, X) of maps (outputs, (Z,) Y, X); objects of fewer than `smallest` pixels are dropped."""

    def join_views(
        self, slices: npt.NDArray[Any], sides: npt.NDArray[Any] | None, record: ModelRecord
    ) -> tuple[Floats, ModelRecord]:
        """Maps (outputs, Z, Y, X) of a volume, from those of its slices and the mean of those of its side views.

        `sides` is None where nobody looked from there. With the maps comes the record to decode them by.
        """
        joined = slices.astype(np.float32)
        return (joined if sides is None else (joined + 2 * sides) / 3), record

    # -- how it learns ---------------------------------------------------------------------------------------------

    @abstractmethod
    def learning_maps(self, plane: TrainingPlane) -> LearningMaps:
        """Targets and weights of a plane."""

    @abstractmethod
    def centers(self, plane: TrainingPlane) -> Centers:
        """Places (n, 2) of a plane to cut patches around, and how often each (n,)."""

    @abstractmethod
    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Loss of logits (N, outputs, Y, X) against targets (N, T, Y, X), weights (N, 1, Y, X); 0 has no gradient."""

    @abstractmethod
    def distil(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Loss against what a teacher said: `targets` are its probabilities."""

    def begin(self, record: ModelRecord, class_names: Sequence[str]) -> ModelRecord:
        """The record of a new model; raises `UserError` if `class_names` do not serve."""
        if class_names:
            raise UserError("Only a model for classes has class names: make one for classes (--task semantic).")
        return record

    @abstractmethod
    def quieten(self, final: nn.Module, together: int = 1) -> None:
        """Set the last layer of a new network so that it finds nothing; `together` rows of it are of one output."""

    # -- what was reviewed -----------------------------------------------------------------------------------------

    @abstractmethod
    def survey(self, images: Sequence[ReviewedImage], record: ModelRecord) -> Survey:
        """What was reviewed of `images`; raises `UserError` for labels that this head cannot learn from."""

    @abstractmethod
    def changed(self, image: ReviewedImage, index: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Where (Y, X) a person changed the prediction, within what is reviewed of a plane."""

    def fits(self, class_names: tuple[str, ...], record: ModelRecord) -> str | None:
        """Why labels of these classes (empty: of objects) cannot teach the model of `record`; None if they can."""
        return None

    # -- how good it is --------------------------------------------------------------------------------------------

    @abstractmethod
    def truth(self, plane: HeldOutPlane) -> npt.NDArray[np.int32]:
        """What is to be found in a plane (Y, X)."""

    @abstractmethod
    def compare(self, plane: HeldOutPlane, found: npt.NDArray[np.int32], record: ModelRecord) -> Any:
        """What is right in the labels `found` (Y, X) of a plane: to be pooled by `pool`."""

    @abstractmethod
    def pool(self, parts: Sequence[Any], record: ModelRecord) -> Score:
        """The score of all that `compare` gave."""

    @abstractmethod
    def judge(self, outcome: Outcome) -> Verdict:
        """Whether the new model is better, in plain words."""

    @abstractmethod
    def tally(self, truth: npt.NDArray[Any], found: npt.NDArray[Any], record: ModelRecord) -> Tally:
        """Agreement of two whole label arrays of one shape; tallies of images add up."""

    # -- in which words --------------------------------------------------------------------------------------------

    def describe_size(self, record: ModelRecord) -> str:
        """At which object size the model looks, for people; empty where there is none."""
        return f"{record.diameter:g} px" if self.has_size else ""

    def class_names(self, record: ModelRecord) -> tuple[str, ...]:
        """What each value means; empty where values are numbers of objects."""
        return ()

    @abstractmethod
    def summarize(self, labels: npt.NDArray[Any], record: ModelRecord) -> dict[str, Any]:
        """What was found, for machines: {"objects": 7} or {"classes": {"nucleus": 0.3, ...}}."""
