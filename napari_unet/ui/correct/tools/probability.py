"""Where the add tool gets the model's view of a place from: the maps of the last segmentation, or the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.images.view import View
from napari_unet.labels.types import Place
from napari_unet.models.running.engine import Engine

if TYPE_CHECKING:
    from napari_unet.segmentation.surroundings import Surroundings
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


class SurroundingsFinder:
    """Gives the surroundings of a place: at once from kept maps, or a moment later from the background job."""

    def __init__(self, session: Session, failed: Callable[[str], None]) -> None:
        self._session, self._failed = session, failed

    def find(self, work: ImageWork, at: Place, on_ready: Callable[[Surroundings], None], slices: int = 0) -> None:
        """Call `on_ready` with the surroundings of `at`, and in so many `slices` before and after it.

        Raises `UserError` while another job runs.
        """
        kept = work.maps.around(at, work.diameter, slices) if work.maps is not None else None
        if kept is not None:
            on_ready(kept)
            return
        self._run(work, at, on_ready, slices)

    def _run(self, work: ImageWork, at: Place, on_ready: Callable[[Surroundings], None], slices: int) -> None:
        session = self._session
        if session.job is not None:
            raise UserError("The model is busy. Draw the outline instead, or wait until it has finished.")
        steps = _steps(work.seen, session.model_loader(), at, work.view, session.engine, slices)

        def on_finished(outcome: Any) -> None:
            if isinstance(outcome, Finished) and work in session.works and work.labels is not None:
                try:
                    on_ready(outcome.result)
                except UserError as error:
                    self._failed(str(error))
            elif isinstance(outcome, Failed):
                self._failed(outcome.message)

        session.jobs.start(steps, StopFlag(), None, on_finished, f"Looking at {work.name}", "add", [work])


def _steps(image: Any, load: Any, at: Place, view: View, engine: Engine, slices: int) -> Any:
    from napari_unet.segmentation.surroundings import map_surroundings

    yield from map_surroundings(image, load, at[:-2], (at[-2], at[-1]), view, engine, slices)
