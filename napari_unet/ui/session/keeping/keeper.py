"""Keeps the work of a session: in the project that the user opened, or else in a recovery file."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_unet.errors import UserError
from napari_unet.project.opening import create_project, open_project
from napari_unet.project.project import LABELS, Project
from napari_unet.project.recovery import copy_recovery, create_recovery, remove_recovery
from napari_unet.project.unfinished import blocks_folder, move_blocks
from napari_unet.ui.session.keeping.following import Recorders
from napari_unet.ui.session.keeping.recent import note_recent
from napari_unet.ui.session.keeping.store_watch import StoreWatch
from napari_unet.ui.session.keeping.teller import ProjectTeller
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced

if TYPE_CHECKING:
    from napari_unet.project.references import ImageReference
    from napari_unet.project.storage.journal import History
    from napari_unet.project.storage.state import StoreState
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.keeping.recorder import Recorder
    from napari_unet.ui.session.session import Session

_IMAGES_MS = 200
_WINDOW_MS = 400
"""The view is remembered once it has come to rest."""


class ProjectKeeper(QObject):
    """Hands what changes in the session to `project`. `changed`: another project, or another `state`."""

    changed = Signal()
    taken_in = Signal()  # an image that is not open
    training_lost = Signal(dict)  # what the project that was opened notes of a training that was cut short

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.is_recovery = False
        self.restoring = False
        """While layers are restored from the project: nothing is recorded."""
        self._teller: ProjectTeller | None = None
        self._recorders = Recorders(session)
        self._watch = StoreWatch()
        self._training: dict[str, Any] | None = None
        self._kept: dict[str, Any] = {}  # what steps asked to keep, by its name
        self._images = Debounced(self, self._tell_images, _IMAGES_MS)
        self._window = Debounced(self, self._tell_window, _WINDOW_MS)
        self._watch.changed.connect(self.changed)
        self._connect()

    def _connect(self) -> None:
        session, viewer = self._session, self._session.viewer
        self._recorders.came.connect(self._on_rewritten)
        self._recorders.rewritten.connect(self._on_rewritten)
        self._recorders.edited.connect(self._on_edit)
        self._recorders.gone.connect(self._on_gone)
        for signal in (session.labels_changed, session.reviewed_changed, session.image_changed):
            signal.connect(self._on_layers)
        session.prediction_changed.connect(self._on_prediction)
        session.model_changed.connect(self._on_model)
        session.jobs.changed.connect(self._on_job)
        session.work_changed.connect(self._images.ask)
        session.images_changed.connect(self._images.ask)  # one of them may have another name
        session.current_changed.connect(self._window.ask)
        session.model_changed.connect(self._window.ask)
        for signal in (
            viewer.scene.camera.events.center,
            viewer.scene.camera.events.zoom,
            viewer.dims.events.current_step,
        ):
            listen(self, signal, self._on_view)

    @property
    def project(self) -> Project | None:
        return None if self._teller is None else self._teller.project

    @property
    def state(self) -> StoreState:
        """What of the work is on the disk."""
        return self._watch.state

    @property
    def user_project(self) -> Project | None:
        """The project that the user opened; None while only a recovery file is kept, or nothing."""
        return None if self.is_recovery else self.project

    def number_of(self, work: ImageWork) -> int | None:
        """The number of an image in the project; None if it is not there."""
        return None if self._teller is None else self._teller.numbers.get(work.key)

    def open_numbers(self) -> set[int]:
        """The numbers of the images that are open in the window."""
        return {number for work in self._session.works if (number := self.number_of(work)) is not None}

    def note_training(self, notes: dict[str, Any] | None) -> None:
        """Remember in the project that a training has begun, until it has come to its end (None)."""
        self._training = notes
        if self._teller is not None:
            self._teller.tell_training(notes)

    def keep(self, name: str, value: Any) -> None:
        """Keep something of the window as a whole that JSON can hold, in this project and in new ones."""
        if self._kept.get(name) != value:
            self._kept[name] = value
            if self.project is not None:
                self.project.set_property(name, value)

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
        note_recent(path)

    def _move_recovery(self, path: Path) -> None:
        """The recovery file becomes the project, so that what can be undone can be undone in it as well."""
        self.finish()
        teller = present(self._teller)
        old, numbers = teller.project, teller.numbers
        if path.exists():
            raise UserError(f"{path} exists already: open it, or choose another name.")
        if self._recorders.segmenting and blocks_folder(old.path).is_dir():
            raise UserError("Blocks of a large image are being segmented: wait, or stop it. Then make the project.")
        if not old.flush():
            raise UserError(f"The project cannot be made just now. {old.state.sentence}")
        create_project(path).close()  # says in a sentence why it cannot be made there, and the old one goes on
        try:
            if not (old.close() and old.in_one_file):  # a copy would be without what came last
                raise UserError(f"The project cannot be made just now: {old.path} is in use. Try it again.")
            copy_recovery(old.path, path)
            move_blocks(old.path, path)
            project = open_project(path)
        except (OSError, UserError) as error:
            with contextlib.suppress(OSError):
                path.unlink()  # what was begun of it: else it would be in the way the next time
            self._use(open_project(old.path), recovery=True, numbers=numbers)
            raise UserError(str(error)) from error
        remove_recovery(old.path)
        self._use(project, numbers=numbers)
        for work in self._session.works:
            present(self._teller).tell_image(work)

    def adopt(self, project: Project, recovery: bool = False) -> None:
        """Use an open project; its images are restored by who calls this (see `ui.project.opening`)."""
        self.close_project()
        self._kept.clear()  # it has its own
        self._use(project, recovery)
        if not recovery:
            note_recent(project.path)

    def close_project(self) -> str:
        """Save and close what is open; layers stay. Returns what went wrong and what helps, or nothing."""
        self.finish()
        problem = self._close_file()
        self._use(None)
        return problem

    def _close_file(self) -> str:
        project = self.project
        if project is None:
            return ""
        saved = project.close()
        if self.is_recovery:
            remove_recovery(project.path)  # only to make place for a project of the user's
        elif not saved:
            return self._rescue()
        elif not project.in_one_file:
            return (
                f"{project.path.name} was closed and all is saved, but part of it lies in {project.path.name}-wal "
                "beside it: keep the two together until the project was opened again."
            )
        return ""

    def _rescue(self) -> str:
        """What the user's project did not take goes into a recovery file, mostly on another disk."""
        self._use(None)
        self._begin_recovery()
        rescued = self.project is not None and self.project.close()
        if rescued:
            return (
                "The project was closed, but its last changes could not be saved in it. A recovery file has all that "
                "is open: it is offered at the next start."
            )
        return "The project was closed, but its last changes could not be saved: make a new project on another disk."

    def _use(self, project: Project | None, recovery: bool = False, numbers: dict[str, int] | None = None) -> None:
        self.is_recovery = recovery and project is not None
        if self._teller is not None:
            self._teller.deleteLater()
        if project is None:
            self._teller = None
        else:
            self._teller = ProjectTeller(self._session, project, numbers, self)
            if self._training is not None:
                self._teller.tell_training(self._training)
        self._on_model()
        self._watch.watch(project)
        self.changed.emit()

    def open_store(self) -> Project:
        """The project, or the recovery file, made if there is none yet; raises `UserError` if that cannot be."""
        if self._teller is None:
            self._begin_recovery()
        if self.project is None:
            raise UserError(self.state.sentence)
        return self.project

    def take_in(self, reference: ImageReference, arrays: Mapping[str, Any]) -> None:
        """Keep an image that is not open, with its arrays by role, which belong to the project from now on."""
        project = self.open_store()
        number = project.add_image(reference)
        for role, array in arrays.items():
            project.set_array(number, role, array)
        self.taken_in.emit()

    def keep_image(self, work: ImageWork) -> int:
        """Take an image in, as `open_store` may; gives its number there."""
        self.open_store()
        return present(self._teller).number_for(work)

    def attach(self, work: ImageWork, number: int, reference: ImageReference, histories: dict[str, History]) -> None:
        """Go on with an image that was restored from the project, as it is now."""
        self._recorders.restore(work, histories)
        present(self._teller).attach(work, number, reference)

    def finish(self) -> None:
        """Record at once whatever was done."""
        for recorder in self._recorders:
            recorder.finish()
        if self._teller is not None and not self.restoring:
            self._teller.tell_images(at_once=True)
            self._teller.tell_window()

    def close(self) -> None:
        """The window closes. A recovery file stays, and is offered at the next start."""
        self.finish()
        if self.project is not None and not self.project.close() and not self.is_recovery:
            self._rescue()
        for waiting in (self._images, self._window):
            waiting.cancel()
        self._watch.close()
        self._recorders.close()
        self._teller = None

    def _begin_recovery(self) -> None:
        try:
            project = create_recovery()
        except UserError as error:
            self._watch.refuse(str(error))
            return
        self._use(project, recovery=True)
        self._tell_everything()

    def _tell_everything(self) -> None:
        """Hand over all that is open to a new project, with what can be undone."""
        teller, undo = present(self._teller), get_undo(self._session)
        for name, value in self._kept.items():
            teller.project.set_property(name, value)
        for work in self._session.works:
            recorders = {one.role: one for one in self._recorders if one.work is work and one.alive}
            if recorders and work.labels is not None:
                teller.tell_history(work, recorders, undo.roles_of(work))

    # -- a model that writes while somebody paints ------------------------------------------------------------------

    def settle(self, work: ImageWork) -> bool:
        """Record the strokes in an image up to now; False while one is being made, and nothing is to be written."""
        return self._recorders.settle(work)

    def record_refresh(self, work: ImageWork, box: tuple[slice, ...]) -> None:
        """Keep what a model wrote, in `box` (a slice for each axis), to labels and prediction alike."""
        recorder = self._recorders.of(work, LABELS)
        edit = None if recorder is None else recorder.record_write(box)
        if edit is not None and self._teller is not None:
            self._teller.tell_refreshed(work, edit)

    # -- what changes in the session ------------------------------------------------------------------------------

    def _on_layers(self, work: ImageWork) -> None:
        if not self.restoring:
            self._recorders.follow(work)

    def _on_edit(self, recorder: Recorder, edit: Any) -> None:
        if self._teller is None:
            self._begin_recovery()  # takes the layer as it is, this edit in it
        else:
            self._teller.tell_edit(recorder, edit)
        self._tell_images()

    def _on_rewritten(self, recorder: Recorder) -> None:
        if self._teller is not None:
            self._teller.tell_array(recorder)

    def _on_gone(self, work: ImageWork, role: str) -> None:
        if self._teller is not None:
            self._teller.tell_gone(work, role)

    def _on_prediction(self, work: ImageWork) -> None:
        # A segmentation that is killed leaves the prediction of before.
        if self._teller is not None and not self.restoring and not self._recorders.segmenting:
            self._teller.tell_prediction(work)

    def _on_job(self) -> None:
        if self._teller is not None and not self._recorders.segmenting:
            for work in self._session.works:
                self._teller.tell_prediction(work)

    def _on_model(self) -> None:
        if self._teller is not None:
            self._teller.tell_model()

    def _on_view(self) -> None:
        self._window.ask()

    def _tell_images(self) -> None:
        if self._teller is not None and not self.restoring:
            self._teller.tell_images()

    def _tell_window(self) -> None:
        if self._teller is not None and not self.restoring and self._session.viewer is not None:
            self._teller.tell_window()


def get_keeper(session: Session) -> ProjectKeeper:
    """The keeper of `session`, made when first asked for."""
    return session.service(ProjectKeeper)
