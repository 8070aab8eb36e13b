"""Keeps the work of a session: in the project that the user opened, or else in a recovery file."""

from __future__ import annotations

import contextlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_unet.corrections.project.journal import Edit, Kind, state_before
from napari_unet.corrections.project.project import LABELS, PREDICTION, REVIEWED, Project, create_project, open_project
from napari_unet.corrections.project.recovery import create_recovery, remove_recovery
from napari_unet.corrections.project.references import refer_to, with_hash
from napari_unet.corrections.project.state import SAVED, StoreState, failure
from napari_unet.corrections.project.tiles import apply_changes, find_changes, scan
from napari_unet.errors import UserError
from napari_unet.ui.project_recent import note_recent
from napari_unet.ui.project_recorder import Recorder
from napari_unet.ui.segment_run import OWNER as SEGMENT

if TYPE_CHECKING:
    from napari_unet.corrections.project.journal import History
    from napari_unet.corrections.project.references import ImageReference
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

_POLL_MS = 200


class ProjectKeeper(QObject):
    """Hands what changes in the session to `project`. `changed`: another project, or another `state`."""

    changed = Signal()
    _hashed = Signal(object, int, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.project: Project | None = None
        self.is_recovery = False
        self.restoring = False
        """While layers are restored from the project: nothing is recorded."""
        self._numbers: dict[str, int] = {}  # of the images in the project, by the key of their work
        self._recorders: dict[tuple[str, str], Recorder] = {}
        self._told: dict[Any, Any] = {}  # what the project knows, so that only news is written
        self._candidate: Any = None
        self._state = SAVED
        self._no_recovery: StoreState | None = None
        self._poll = QTimer(self, interval=_POLL_MS)
        self._poll.timeout.connect(self._on_poll)
        self._hashed.connect(self._on_hashed)
        for signal in (session.labels_changed, session.reviewed_changed, session.image_changed):
            signal.connect(self._on_layers)
        session.prediction_changed.connect(self._on_prediction)
        session.images_changed.connect(self._drop_gone)
        session.model_changed.connect(self._on_model)
        session.jobs.changed.connect(self._on_job)

    @property
    def state(self) -> StoreState:
        """What of the work is on the disk."""
        if self.project is not None:
            return self.project.state
        return self._no_recovery or SAVED

    @property
    def user_project(self) -> Project | None:
        """The project that the user opened; None while only a recovery file is kept, or nothing."""
        return None if self.is_recovery else self.project

    # -- projects -------------------------------------------------------------------------------------------------

    def new_project(self, path: Path) -> None:
        """Keep all that is open in a new project file, with its history; raises `UserError`, and nothing changes."""
        if self.is_recovery and self.project is not None:
            self._move_recovery(path)
        else:
            project = create_project(path)
            self.close_project()
            self._use(project)
            self._tell_everything()
        note_recent(self.project.path)

    def _move_recovery(self, path: Path) -> None:
        """The recovery file becomes the project, so that what can be undone can be undone in it as well."""
        self.finish()
        old = self.project
        if path.exists():
            raise UserError(f"{path} exists already: open it, or choose another name.")
        if not old.flush():
            raise UserError(f"The project cannot be made just now. {old.state.sentence}")
        try:
            create_project(path).close()  # says in a sentence why it cannot be made there
            old.close()
            shutil.copyfile(old.path, path)
            project = open_project(path)
        except (OSError, UserError) as error:
            self._use(open_project(old.path), recovery=True, numbers=self._numbers)
            raise UserError(str(error)) from error
        remove_recovery(old.path)
        self._use(project, numbers=self._numbers)
        for work in self._session.works:
            self._tell_image(work)

    def adopt(self, project: Project, recovery: bool = False) -> None:
        """Use an open project; its images are restored by who calls this (see `project_opening`)."""
        self.close_project()
        self._use(project, recovery)
        if not recovery:
            note_recent(project.path)

    def close_project(self) -> bool:
        """Save and close what is open; layers stay. False if something could not be saved."""
        self.finish()
        saved = True
        if self.project is not None:
            saved = self.project.close()
        if self.is_recovery and self.project is not None:
            remove_recovery(self.project.path)  # only to make place for a project of the user's
        self._use(None)
        return saved

    def _use(self, project: Project | None, recovery: bool = False, numbers: dict[str, int] | None = None) -> None:
        self.project, self.is_recovery = project, recovery and project is not None
        self._numbers = dict(numbers or {})
        self._told.clear()
        if project is None:
            self._poll.stop()
        else:
            self._poll.start()
        self._on_model()
        self.changed.emit()

    def attach(self, work: ImageWork, number: int, reference: ImageReference, histories: dict[str, History]) -> None:
        """Go on with an image that was restored from the project, as it is now."""
        self._numbers[work.key] = number
        self._told[work.key, PREDICTION] = work.prediction
        for role in (LABELS, REVIEWED):
            self._replace_recorder(work, role, histories.get(role), is_new=False)
        self._told[number] = reference
        self._tell_image(work)  # its file may have moved

    def finish(self) -> None:
        """Record at once whatever was done."""
        for recorder in list(self._recorders.values()):
            recorder.finish()
        self._tell_all()

    def close(self) -> None:
        """The window closes. A recovery file stays, and is offered at the next start."""
        self.finish()
        self._poll.stop()
        for recorder in self._recorders.values():
            recorder.close()
        self._recorders.clear()
        if self.project is not None:
            self.project.close()
            self.project = None

    # -- what changes in the session ------------------------------------------------------------------------------

    def _on_layers(self, work: ImageWork) -> None:
        if self.restoring:
            return
        for role in (LABELS, REVIEWED):
            recorder = self._recorders.get((work.key, role))
            if recorder is not None and recorder.alive:
                recorder.look_again()
            else:
                self._replace_recorder(work, role)

    def _replace_recorder(
        self, work: ImageWork, role: str, history: History | None = None, is_new: bool = True
    ) -> None:
        old = self._recorders.pop((work.key, role), None)
        if old is not None:
            old.close()
            old.deleteLater()
        usable = work.layers.get(role) is not None and work.geometry.from_layer(work.layers[role].data) is not None
        if usable:
            recorder = self._recorders[work.key, role] = Recorder(work, role, history)
            recorder.paused = self._segmenting()
            recorder.edited.connect(lambda edit: self._on_edit(recorder, edit))
            recorder.rewritten.connect(lambda: self._on_rewritten(recorder))
            if is_new and self.project is not None:
                self._tell_array(recorder)
        elif old is not None and self.project is not None and work.key in self._numbers:
            self.project.set_array(self._numbers[work.key], role, None)

    def _on_edit(self, recorder: Recorder, edit: Any) -> None:
        if self.project is None:
            self._begin_recovery()  # takes the layer as it is, this edit in it
        elif recorder.work.key in self._numbers:
            self.project.add_edit(self._numbers[recorder.work.key], recorder.role, edit)
        self._on_poll()

    def _on_rewritten(self, recorder: Recorder) -> None:
        if self.project is not None:
            self._tell_array(recorder)

    def _on_prediction(self, work: ImageWork) -> None:
        if self.project is None or self.restoring or self._segmenting():
            return  # a segmentation that is killed leaves the prediction of before
        self._tell_prediction(work)

    def _on_job(self) -> None:
        segmenting = self._segmenting()
        for recorder in self._recorders.values():
            if recorder.paused and not segmenting:
                recorder.look_again()
            recorder.paused = segmenting
        if not segmenting and self.project is not None:
            for work in self._session.works:
                self._tell_prediction(work)

    def _segmenting(self) -> bool:
        job = self._session.job
        return job is not None and job.owner == SEGMENT

    def _drop_gone(self) -> None:
        """Images that the user removed are followed no more; the project keeps them."""
        open_now = {work.key for work in self._session.works}
        for key, role in [known for known in self._recorders if known[0] not in open_now]:
            recorder = self._recorders.pop((key, role))
            recorder.close()
            recorder.deleteLater()

    def _begin_recovery(self) -> None:
        try:
            project = create_recovery()
        except UserError as error:
            if self._no_recovery is None:
                self._no_recovery = failure(str(error))
                self.changed.emit()
            return
        self._use(project, recovery=True)
        self._tell_everything()

    def _tell_everything(self) -> None:
        """Hand over all that is open to a new project, with what can be undone."""
        for recorder in list(self._recorders.values()):
            if recorder.alive and recorder.work.labels is not None:
                self._tell_array(recorder, undoable=True)

    # -- telling the project --------------------------------------------------------------------------------------

    def _number(self, work: ImageWork) -> int:
        """The number of an image in the project, which takes it in if it is new there."""
        if work.key not in self._numbers:
            reference = self._refer(work)
            number = self._numbers[work.key] = self.project.add_image(reference)
            self._told[number] = reference
            self._tell_prediction(work)
            if reference.path is not None:
                # A thread that ends with its file: large ones take a while to read.
                threading.Thread(target=self._hash, args=(self.project, number, reference), daemon=True).start()
        return self._numbers[work.key]

    def _tell_array(self, recorder: Recorder, undoable: bool = False) -> None:
        """Hand over all pixels; `undoable`: as they were before the recorder's last steps, and then these steps."""
        number, history = self._number(recorder.work), recorder.history
        if not undoable or not history.done:
            self.project.set_array(number, recorder.role, recorder.saved.copy())
            return
        array = state_before(recorder.saved, history)
        self.project.set_array(number, recorder.role, array.copy())
        for edit in history.done:
            apply_changes(array, edit.changes)
            self.project.add_edit(number, recorder.role, edit)
        # What had been written past the history lies over the steps, and what had been undone does not.
        rest = find_changes(array, recorder.saved, [key for keys in scan(array, recorder.saved) for key in keys])
        if rest:
            self.project.add_edit(number, recorder.role, Edit(Kind.WRITE, tuple(rest)))

    def _tell_prediction(self, work: ImageWork) -> None:
        number = self._numbers.get(work.key)
        if number is None:
            return
        unknown = object()
        if self._told.get((work.key, PREDICTION), unknown) is not work.prediction:
            self._told[work.key, PREDICTION] = work.prediction
            self.project.set_array(number, PREDICTION, work.prediction)

    def _refer(self, work: ImageWork) -> ImageReference:
        details = {
            "channel": work.channel, "diameter": work.diameter, "diameter_estimated": work.diameter_estimated,
            "segmented_by": work.segmented_by, "layer": work.name,
        }  # fmt: skip
        return refer_to(work.image, self.project.path, **details)

    def _tell_image(self, work: ImageWork) -> None:
        number = self._numbers.get(work.key)
        if number is None or self.project is None:
            return
        known = self._told.get(number)
        now = self._refer(work)
        if known is not None:
            now = replace(now, hash=known.hash, n_bytes=known.n_bytes)
        if now != known:
            self._told[number] = now
            self.project.update_image(number, now)
        self.project.set_locked(number, getattr(work, "locked", ()))

    def _hash(self, project: Project, number: int, reference: Any) -> None:
        found = with_hash(reference)
        with contextlib.suppress(RuntimeError):
            self._hashed.emit(project, number, found)

    def _on_hashed(self, project: Project, number: int, reference: Any) -> None:
        if project is self.project and number in self._told:
            known = replace(self._told[number], hash=reference.hash, n_bytes=reference.n_bytes)
            self._told[number] = known
            project.update_image(number, known)

    def _tell_all(self) -> None:
        if self.project is not None and not self.restoring:
            for work in self._session.works:
                self._tell_image(work)
            self._tell_window(at_once=True)

    def _tell_window(self, at_once: bool = False) -> None:
        """Save the window's state once it has come to rest."""
        state = self._window_state()
        settled = at_once or state == self._candidate
        self._candidate = state
        if settled and state != self._told.get("window"):
            self._told["window"] = state
            self.project.set_property("window", state)

    def _window_state(self) -> dict[str, Any]:
        viewer, current = self._session.viewer, self._session.current
        camera = viewer.scene.camera
        entry = self._told.get("model")
        return {
            "current": self._numbers.get(current.key) if current is not None else None,
            "step": [int(step) for step in viewer.dims.current_step],
            "camera": [*(float(at) for at in camera.center), float(camera.zoom)],
            "model": entry[1] if entry is not None else None,
        }

    def _on_model(self) -> None:
        """Note the model in use: its lineage, and the training that made it."""
        if self.project is None or not self.project.writable:
            return
        entry = self._session.model_entry
        if entry is None or self._told.get("model") == (entry.sha256, entry.name):
            return
        self._told["model"] = (entry.sha256, entry.name)
        record = entry.record.model_dump(mode="json")
        known = {model["hash"] for model in self.project.models()}
        parent = getattr(entry.record, "parent", None)
        self.project.add_model(
            entry.sha256, entry.name, None if parent is None else str(parent), str(entry.path), record
        )
        if entry.sha256 not in known and record.get("training"):
            self.project.add_training(entry.sha256, {"name": entry.name, **record["training"]})

    def _on_poll(self) -> None:
        if self.project is not None and not self.restoring:
            for work in self._session.works:
                self._tell_image(work)
            self._tell_window()
        if self.state != self._state:
            self._state = self.state
            self.changed.emit()


def get_keeper(session: Session) -> ProjectKeeper:
    """The keeper of `session`, made when first asked for."""
    if session.keeper is None:
        session.keeper = ProjectKeeper(session)
    return session.keeper
