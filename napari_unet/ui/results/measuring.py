"""Measuring the objects of an image in the background, and the table of each image that was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.located import LocatedTable, with_places
from napari_unet.ui.results.given_classes import with_classes
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

OWNER = "results"


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found of an image, and of which labels: `basis` differs once these have changed."""

    located: LocatedTable
    basis: Any
    channels: tuple[str, ...]

    @property
    def units(self) -> dict[str, str]:
        return dict(self.located.table.attrs.get("units", {}))


def measure_in_background(labels: Image, image: Image, config: MeasureConfig, stop: StopFlag) -> Iterator[Any]:
    """The events of measuring, for the worker thread: pandas is loaded there. The result is a `LocatedTable`."""
    from napari_unet.results.measurements.measure import measure_steps

    for event in measure_steps(labels, image, with_places(config), stop=stop):
        if isinstance(event, Finished):
            if event.stopped or not len(event.result.columns):
                raise UserError("Measuring was stopped: there is no table of a part of the objects.")
            yield Finished(LocatedTable.of(event.result, labels.axes, config.columns))
        else:
            yield event


class Measuring:
    """Measures images of a session, one at a time. `tables` has what is known, by the key of the image's work."""

    advanced = Signal(object)  # TileMeasured
    ended = Signal(object, object)  # work, and Failed or None
    changed = Signal(object)  # work: its table is another one, or there is none any more

    def __init__(self, session: Session) -> None:
        self._session = session
        self.tables: dict[str, Measured] = {}

    def of(self, work: ImageWork | None) -> Measured | None:
        """What was measured of an image."""
        return None if work is None else self.tables.get(work.key)

    def is_outdated(self, work: ImageWork) -> bool:
        """Whether its labels have changed since they were measured."""
        known = self.of(work)
        return known is not None and known.basis != self._basis(work)

    def start(self, work: ImageWork, config: MeasureConfig) -> bool:
        """Begin; False while another job runs."""
        if self._session.job is not None or work.labels is None:
            return False
        get_trackers(self._session).of(work).finish()
        basis, stop = self._basis(work), StopFlag()
        labels = replace(work.grey, data=work.labels.copy())
        events = measure_in_background(labels, work.image, config, stop)
        return self._session.jobs.start(
            events, stop, self.advanced.emit, lambda outcome: self._on_finished(work, basis, outcome),
            f"Measuring {work.name}", OWNER, [work],
        )  # fmt: skip

    def forget_gone(self) -> None:
        """Let go of the tables of images that are not open any more."""
        here = {work.key for work in self._session.works}
        for key in self.tables.keys() - here:
            del self.tables[key]

    def forget_replaced(self, work: ImageWork) -> None:
        """Let go of the table of labels whose layer was removed, or replaced by another one."""
        known = self.tables.get(work.key)
        if known is not None and known.basis[0] is not work.labels_layer:
            del self.tables[work.key]
            self.changed.emit(work)

    def _basis(self, work: ImageWork) -> Any:
        """What tells one state of the labels from another, without looking at all of them."""
        return work.labels_layer, work.n_written, get_trackers(self._session).of(work).changed_pixels

    def _on_finished(self, work: ImageWork, basis: Any, outcome: Any) -> None:
        if work not in self._session.works:
            self.ended.emit(work, None)
            return
        if isinstance(outcome, Finished):
            located = with_classes(outcome.result, work)
            self.tables[work.key] = Measured(located, basis, work.image.channel_names)
            self._put_features(work, outcome.result)
            self.changed.emit(work)
        self.ended.emit(work, outcome if isinstance(outcome, Failed) else None)

    def _put_features(self, work: ImageWork, located: LocatedTable) -> None:
        """Give the numbers to the layer, where other plugins look for them, by `label`; values of classes have none.

        napari's status line looks objects up by `index`: of several frames it would tell the wrong one.
        """
        if not work.head.draws_objects:
            return
        features = located.table.drop(columns="unit")
        index = -1 - features.index if located.frames else features["label"]
        present(work.labels_layer).features = features.assign(index=index)
