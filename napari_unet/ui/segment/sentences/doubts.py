"""Says in the Segment step when a model does not suit the image, with a button for what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.events import Failed
from napari_unet.review.suitability import Doubt, doubt_even_image, doubt_objects, doubt_result
from napari_unet.ui.segment.sentences.other_size import OtherSize
from napari_unet.ui.segment.sentences.others import OtherModels
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_soon

if TYPE_CHECKING:
    from napari_unet.labels.types import Doubles
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.widgets.step import RemedyButton, Step

_WORDS = {"invert": "Look for dark objects", "diameter": "Use {diameter:.0f} px"}


class Doubts(QObject):
    """Speaks once of each result. `act` carries out a doubt's remedy, `use` takes another model by its name.

    What a result contradicts is said first, else that there is another size (`sizes`, which `segment_at` segments at).
    That the model is unsure is said by itself, or as a part of the sentence about another size.
    """

    def __init__(
        self, step: Step, act: Callable[[Doubt], None], use: Callable[[str], None], segment_at: Callable[[float], None]
    ) -> None:
        super().__init__(step)
        self._step, self._act, self._use = step, act, use
        self.others = OtherModels(step.session, step, self._offer)
        self.sizes = OtherSize(step, segment_at)
        self._told: Any = None  # the prediction that something was said of
        self._unsure: tuple[Any, str] = (None, "")  # of which prediction, and how it is said
        self._said = ""

    def look(self, work: ImageWork) -> None:
        """A segmentation has ended."""
        if work.prediction is None or not work.head.draws_objects:
            return
        prediction = work.prediction
        index = work.plane_at(self._step.session.viewer.dims.point)
        look = partial(_look, prediction[index], work.n_objects, partial(work.grey.plane, index))
        run_soon(prediction[index].size, look, self._on_measured, work, prediction)

    def _on_measured(self, found: tuple[list[int], bool] | Failed, work: ImageWork, prediction: Any) -> None:
        if isinstance(found, Failed) or work.prediction is not prediction or work is not self._step.session.current:
            return
        areas, even = found
        n_objects = work.n_objects if work.n_objects is not None else len(areas)
        size = typical_diameter(areas) if areas else None
        usual = doubt_result(n_objects, work.diameter, size, work.view.inverted)
        doubt = doubt_even_image() if even else usual
        if doubt is not None:
            self._tell(work, doubt)
        elif self.sizes.offer(work, self._unsure[1] if self._unsure[0] is prediction else ""):
            self._told = prediction

    def note_screening(self, work: ImageWork, scores: Doubles) -> None:
        """The objects of a result were measured, and are so suspicious."""
        doubt, prediction = doubt_objects(scores), work.prediction
        if doubt is None or prediction is None:
            return
        self._unsure = prediction, doubt.fact
        if self.sizes.offered(work):
            self.sizes.add(doubt.fact)
        elif self._told is not prediction:
            run_soon(prediction.size, lambda: work.has_corrections, self._on_compared, work, prediction, doubt)

    def _on_compared(self, corrected: bool | Failed, work: ImageWork, prediction: Any, doubt: Doubt) -> None:
        session = self._step.session
        fresh = corrected is False and work.prediction is prediction and self._told is not prediction
        if fresh and work is session.current and session.job is None:
            self._tell(work, doubt)

    def withdraw(self) -> None:
        """Corrections have begun: who corrects is not told to choose another model or size, and the room is needed."""
        self.sizes.withdraw()
        if self._step.message.text and self._step.message.text == self._said:
            self._step.clear_message()

    def _tell(self, work: ImageWork, doubt: Doubt) -> None:
        self._told = present(work.prediction)
        words = _WORDS.get(doubt.remedy, "").format(diameter=doubt.diameter or 0)
        remedy: RemedyButton | None = (words, lambda: self._act(doubt)) if words else None
        self._said = doubt.sentence
        self._step.show_message(doubt.sentence, None, "info", remedy)
        if doubt.remedy not in ("diameter", "none"):  # another size may be all that is needed
            self.others.ask(work, doubt)

    def _offer(self, work: ImageWork, doubt: Doubt, better: Any) -> None:
        """Another model is surer of the image."""
        if self.sizes.offered(work):
            return  # one thing at a time
        about = "found nothing" if doubt.remedy == "invert" else "is unsure"
        sentence = (
            f"The model {about} here; {better.name} is surer of this image: it found {better.n_objects} objects in a "
            "corner that both were tried on."
        )
        self._said = sentence
        self._step.show_message(sentence, None, "info", ("Use it", lambda: self._use(better.name)))

    def forget(self) -> None:
        """The result is gone, and what was said of it goes with it."""
        self.sizes.withdraw()
        if self._said and self._step.message.text == self._said:
            self._step.clear_message()
        self._said = ""


def _look(
    labels: npt.NDArray[Any], n_objects: int | None, read: Callable[[], npt.NDArray[Any]]
) -> tuple[list[int], bool]:
    """Sizes of the objects in a plane of labels; and, if there are none in all, whether its image is even."""
    areas = list(object_areas(labels).values())
    if areas or n_objects:
        return areas, False
    grey = read()
    known = grey[np.isfinite(grey)]
    return areas, not known.size or bool(known.min() == known.max())
