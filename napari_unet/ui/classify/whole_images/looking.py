"""The look at listed images, each once, as a job of the session; another model makes it begin anew."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.ui.classify.whole_images.table import ImageRows
from napari_unet.ui.session.listening import listen

if TYPE_CHECKING:
    from napari_unet.classification.object_features import ObjectFeatures
    from napari_unet.ui.session.session import Session

OWNER = "image classes"


class ImagesLooking(QObject):
    """`seen` are the features of images, `failed` says why there are none.

    `began`: a job has. `progressed` (done, total). `changed`: more is known, or nothing any more. `halted` (sentence,
    kind): it goes on once `go_on` is called.
    """

    began = Signal()
    progressed = Signal(int, int)
    changed = Signal()
    halted = Signal(str, str)

    def __init__(self, session: Session, images: ImageRows, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._images = session, images
        self.seen: dict[Path, ObjectFeatures] = {}
        self.failed: dict[Path, str] = {}
        self._model_then = self._model
        self._waits = False
        listen(self, session.jobs.changed, self.look)
        listen(self, session.model_changed, self._on_model)

    @property
    def busy(self) -> bool:
        """Whether images are looked at, or about to be."""
        job = self._session.job
        return (job is not None and job.owner == OWNER) or (bool(self._due()) and not self._waits)

    def _due(self) -> list[Path]:
        return [row.path for row in self._images.rows if row.path not in self.seen and row.path not in self.failed]

    def forget(self, paths: Collection[Path] | None = None) -> None:
        """Nothing is known of some of the images any more, or of none."""
        for known in (self.seen, self.failed):
            for path in list(known) if paths is None else paths:
                known.pop(path, None)

    def go_on(self) -> None:
        """Look, also if it was stopped before."""
        self._waits = False
        self.look()

    def look(self) -> None:
        """Look at the images that were not looked at yet, as soon as nothing else is going on."""
        from napari_unet.workflows.tasks.classifying import LabelledFile, look_at_files_steps

        due, session, stop = self._due(), self._session, StopFlag()
        if not due or self._waits or session.job is not None:
            return
        files = [LabelledFile(path, None) for path in due]
        load = session.model_loader() if session.model_entry is not None else None
        engine, self._model_then = session.engine, self._model

        def events() -> Any:
            yield from look_at_files_steps(files, load() if load else None, engine=engine, stop=stop)

        self.began.emit()
        session.jobs.start(
            events(), stop, lambda event: self.progressed.emit(event.done, event.total),
            partial(self._on_looked, self._model_then), f"Looking at {len(due)} images", OWNER,
        )  # fmt: skip

    @property
    def _model(self) -> str:
        entry = self._session.model_entry
        return "" if entry is None else entry.sha256

    def _on_looked(self, basis: str, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self._halt(outcome.message, "error")
        elif isinstance(outcome, Finished) and basis == self._model:
            here = {row.path for row in self._images.rows}  # some may have been taken out meanwhile
            self.seen |= {path: seen for path, seen in outcome.result.seen.items() if path in here}
            self.failed |= {path: told for path, told in outcome.result.errors.items() if path in here}
            if outcome.stopped:
                self._halt(f"{len(self._due())} images were not looked at.", "info")
        self.changed.emit()

    def _halt(self, sentence: str, kind: str) -> None:
        self._waits = True
        self.halted.emit(sentence, kind)

    def _on_model(self) -> None:
        """What another network sees is something else."""
        if self._model != self._model_then:
            self._model_then = self._model
            self.forget()
            self._session.jobs.stop(OWNER)
            self.changed.emit()
            self.go_on()
