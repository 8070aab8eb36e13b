"""Where the add tool gets the model's view of a place from: the maps of the last segmentation, or the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.corrections.operations.change import Place
from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag

if TYPE_CHECKING:
    from napari_unet.segmentation.surroundings import Surroundings
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

KEPT_BYTES = 512 * 2**20
"""Maps up to this size (three outputs in half precision: 6 bytes a pixel) are kept after a segmentation."""
KEPT_REACH = 3.0
"""Of kept maps only so many diameters around a place are looked at: nothing of the network's own view is lost there."""
_USUAL_DIAMETER = 30.0


def maps_fit(shape: tuple[int, ...]) -> bool:
    """Whether the probability maps of an image of `shape` are kept, so that adding an object is immediate."""
    return 6 * int(np.prod(shape)) <= KEPT_BYTES


class KeptMaps:
    """Maps (outputs, (T,) (Z,) Y, X) in half precision of a segmentation, with the planes for which they are known."""

    def __init__(self, maps: Any, done: Any) -> None:
        self.maps, self.done = maps, np.array(done, bool)

    def update(self, other: KeptMaps) -> KeptMaps:
        """`other`, with these maps where it has none: only some of the planes were segmented again."""
        if other.maps.shape == self.maps.shape:
            rest = self.done & ~other.done
            other.maps[:, rest] = self.maps[:, rest]
            other.done |= rest
        return other

    def around(self, at: Place, diameter: float | None) -> Surroundings | None:
        """The surroundings of a place; None if its plane is not known."""
        from napari_unet.segmentation.surroundings import Surroundings, surroundings_region

        if not self.done[at[:-2]]:
            return None
        rows, columns = surroundings_region(at[-2:], self.maps.shape, diameter or _USUAL_DIAMETER, KEPT_REACH)
        part = self.maps[(slice(None), *at[:-2], rows, columns)]
        return Surroundings(part.astype(np.float32), (rows.start, columns.start))


class Surveyor:
    """Gives the surroundings of a place: at once from kept maps, or a moment later from the background job."""

    def __init__(self, session: Session, failed: Callable[[str], None]) -> None:
        self._session, self._failed = session, failed

    def survey(self, work: ImageWork, at: Place, on_ready: Callable[[Surroundings], None]) -> None:
        """Call `on_ready` with the surroundings of `at`; raises `UserError` while another job runs."""
        kept = work.maps.around(at, work.diameter) if work.maps is not None else None
        if kept is not None:
            on_ready(kept)
            return
        self._run(work, at, on_ready)

    def _run(self, work: ImageWork, at: Place, on_ready: Callable[[Surroundings], None]) -> None:
        session = self._session
        if session.job is not None:
            raise UserError("The model is busy. Draw the outline instead, or wait until it has finished.")
        steps = _steps(work.seen, session.model_loader(), at, work.diameter)

        def on_finished(outcome: Any) -> None:
            if isinstance(outcome, Finished) and work in session.works and work.labels is not None:
                try:
                    on_ready(outcome.result)
                except UserError as error:
                    self._failed(str(error))
            elif isinstance(outcome, Failed):
                self._failed(outcome.message)

        session.jobs.start(steps, StopFlag(), None, on_finished, f"Looking at {work.name}", "add")


def _steps(image: Any, load: Any, at: Place, diameter: float | None) -> Any:
    from napari_unet.segmentation.surroundings import map_surroundings

    yield from map_surroundings(image, load, at[:-2], (at[-2], at[-1]), diameter)
