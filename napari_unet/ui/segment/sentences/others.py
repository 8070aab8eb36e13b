"""Tries the other models at hand, in the background, on an image that the one in use does not suit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.review.suitability import Doubt
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.session import Session

OWNER = "others"
_MOST = 6  # models that are tried, those used last first
_QUIET_MS = 1_500  # what the user waits for begins long before that


class OtherModels(QObject):
    """`tell` gets the work, the doubt and the better model (`Sureness`) once one is known to be surer."""

    def __init__(self, session: Session, parent: QObject, tell: Callable[[ImageWork, Doubt, Any], None]) -> None:
        super().__init__(parent)
        self._session, self._tell = session, tell
        self._wanted: tuple[ImageWork, Any, Doubt] | None = None  # with the prediction that it is about
        self._running = False
        self._quiet = Debounced(self, self._begin, _QUIET_MS)
        listen(self, session.background.changed, self._on_jobs)
        listen(self, session.jobs.changed, self._on_jobs)

    @property
    def busy(self) -> bool:
        return self._wanted is not None

    def ask(self, work: ImageWork, doubt: Doubt) -> None:
        """Try them as soon as nothing else is at work."""
        self._wanted = work, work.prediction, doubt
        self._quiet.ask()

    def _on_jobs(self) -> None:
        if self._wanted is not None and not self._running:
            self._quiet.ask()

    def _begin(self) -> None:
        session = self._session
        if session.background.closed or session.viewer is None:
            return  # the window is gone, and this timer was still running
        if self._wanted is None or self._running or session.job is not None or session.background.job is not None:
            return
        work, prediction, doubt = self._wanted
        names = self._candidates()
        if work not in session.works or work.prediction is not prediction or len(names) < 2:
            self._wanted = None
            return
        from napari_unet.workflows.alternatives import try_models

        plane = work.plane_at(session.viewer.dims.point)
        steps = try_models(names, _load, work.seen, plane, session.engine, stop := StopFlag())

        def on_finished(outcome: Any) -> None:
            self._running = False
            if not stop.requested:  # else it gave way to something, and begins anew once that has ended
                self._wanted = None
                if isinstance(outcome, Finished):
                    self._on_tried(work, prediction, doubt, outcome.result)

        self._running = session.background.start(
            steps, stop, None, on_finished, "Trying other models", OWNER, [work], spare=True
        )  # fmt: skip

    def _on_tried(self, work: ImageWork, prediction: Any, doubt: Doubt, tried: Any) -> None:
        from napari_unet.workflows.alternatives import surer_than

        entry = self._session.model_entry
        better = None if entry is None else surer_than(entry.name, tried)
        if better is not None and work.prediction is prediction and work is self._session.current:
            self._tell(work, doubt, better)

    def _candidates(self) -> list[str]:
        """The model in use, and others for objects of as many channels."""
        entry = self._session.model_entry
        if entry is None:
            return []
        others = [
            one for one in self._session.model_entries()
            if one.name != entry.name and find_head(one.record).draws_objects
        ]  # fmt: skip
        return [entry.name, *(one.name for one in others[:_MOST])]


def _load(name: str) -> Any:
    from napari_unet.models.library import load_model

    return load_model(name)
