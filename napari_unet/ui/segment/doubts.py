"""Says in the Segment step when a model does not suit the image, with a button for what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.review.suitability import Doubt, doubt_objects, doubt_result
from napari_unet.ui.segment.others import OtherModels
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.widgets.step import Remedy, Step

_WORDS = {"invert": "Look for dark objects", "diameter": "Use {diameter:.0f} px"}


class Doubts:
    """Speaks once of each result. `act` carries out a doubt's remedy, `use` takes another model by its name."""

    def __init__(self, step: Step, act: Callable[[Doubt], None], use: Callable[[str], None]) -> None:
        self._step, self._act, self._use = step, act, use
        self.others = OtherModels(step.session, step, self._offer)
        self._told: Any = None  # the prediction that something was said of
        self._said = ""

    def look(self, work: ImageWork) -> None:
        """A segmentation has ended."""
        if work.prediction is None or not work.head.draws_objects:
            return
        plane = work.prediction[work.plane_at(self._step.session.viewer.dims.point)]
        found = typical_diameter(object_areas(plane).values()) if plane.any() else None
        n_objects = work.n_objects if work.n_objects is not None else int(plane.max())
        self._tell(work, doubt_result(n_objects, work.diameter, found, work.view.inverted))

    def note_survey(self, work: ImageWork, n_suspicious: int, n_objects: int) -> None:
        """The objects of a result were measured, and so many are suspicious."""
        fresh = work.prediction is not None and not work.has_corrections and work is self._step.session.current
        if fresh and self._told is not work.prediction and self._step.session.job is None:
            self._tell(work, doubt_objects(n_suspicious, n_objects))

    def withdraw(self) -> None:
        """Corrections have begun: who corrects is not told to choose another model, and the room is needed."""
        if self._step.message.text and self._step.message.text == self._said:
            self._step.clear_message()

    def _tell(self, work: ImageWork, doubt: Doubt | None) -> None:
        if doubt is None:
            return
        self._told = present(work.prediction)
        words = _WORDS.get(doubt.remedy, "").format(diameter=doubt.diameter or 0)
        remedy: Remedy | None = (words, lambda: self._act(doubt)) if words else None
        self._said = doubt.sentence
        self._step.show_message(doubt.sentence, None, "info", remedy)
        if doubt.remedy != "diameter":  # another size may be all that is needed
            self.others.ask(work, doubt)

    def _offer(self, work: ImageWork, doubt: Doubt, better: Any) -> None:
        """Another model is surer of the image."""
        about = "found nothing" if doubt.remedy == "invert" else "is unsure"
        sentence = (
            f"The model {about} here; {better.name} is surer of this image: it found {better.n_objects} objects in a "
            "corner that both were tried on."
        )
        self._said = sentence
        self._step.show_message(sentence, None, "info", ("Use it", lambda: self._use(better.name)))

    def forget(self) -> None:
        """The result is gone, and what was said of it goes with it."""
        if self._said and self._step.message.text == self._said:
            self._step.clear_message()
        self._said = ""
