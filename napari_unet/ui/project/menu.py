"""New, open, recent and close project: a button in the panel's header, and how it stands with saving."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.project.opening import open_project
from napari_unet.project.project import SUFFIX, Project
from napari_unet.project.recovery import find_recoveries, remove_recovery
from napari_unet.project.references import ImageReference, is_changed
from napari_unet.project.storage.state import Saving
from napari_unet.ui.project.methods_window import MethodsWindow
from napari_unet.ui.project.opening import Reopened, closed_number, restore_opened, restore_project
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.recent import recent_projects
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.widgets.fitting_label import FittingLabel, shorten
from napari_unet.ui.widgets.step import MessageLine

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session

_FILES = f"Projects (*{SUFFIX})"
NO_PROJECT = ("No project is open", "No project")
_KEEPS = " now keeps all that you do here, as you do it."
RECOVERED = "Saving works again: what you did meanwhile is on the disk now."
_TIP = "Keep images, labels and all corrections in one file, saved as you work"


class ProjectBar(QWidget):
    """The header's left part: the state of saving, and the project button. `below` goes below the header."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.keeper = session, get_keeper(session)
        self.state_label = FittingLabel()
        self.button = QPushButton("Project", toolTip=_TIP)
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.button.setMenu(self.menu)
        self._fill_menu()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.state_label, 1)
        layout.addWidget(self.button)
        self.below = QWidget()
        self.message, self.trouble, self.offer = MessageLine(), MessageLine(), RecoveryOffer()
        self._told = False  # that something was restored, which is news of the image in view only
        self._failed: Project | None = None
        """The project that could not be written when this was last looked at."""
        self._lay_out_below()
        self.keeper.changed.connect(self.refresh)
        self.offer.restored.connect(self.restore_recovery)
        listen(self, session.current_changed, self._on_current)
        self.refresh()
        self._offer_recovery()

    def _lay_out_below(self) -> None:
        layout = QVBoxLayout(self.below)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(2)
        for line in (self.trouble, self.message, self.offer):
            layout.addWidget(line)

    def _fill_menu(self) -> None:
        self.menu.clear()
        self.menu.addAction("New project...", self._on_new)
        self.menu.addAction("Open project...", self._on_open)
        recent = self.menu.addMenu("Recent projects")
        paths = recent_projects()
        for path in paths:
            action = recent.addAction(path.stem, lambda path=path: self.open_at(path))
            action.setToolTip(str(path))
        recent.setToolTipsVisible(True)
        recent.setEnabled(bool(paths))
        for words, action in (
            ("Methods paragraph...", lambda: self._attempt(self.show_methods)),
            ("Close project", self.close_project),
        ):
            self.menu.addAction(words, action).setEnabled(self.keeper.user_project is not None)

    # -- showing how it stands ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the state of the project, or that there is none."""
        project, state = self.keeper.user_project, self.keeper.state
        words = {Saving.PENDING: "saving\u2026"}.get(state.saving, state.saving.value)
        if project is None:
            self.state_label.set_wordings(NO_PROJECT, "What you correct is kept in a recovery file.")
        else:
            name = project.path.stem
            short = name if len(name) < 12 else f"{name[:8]}\u2026"
            self.state_label.set_wordings((f"{name}: {words}", f"{short}: {words}", words), str(project.path))
        if state.sentence:
            if state.failed and self.message.text.endswith(_KEEPS):  # it does not
                self.message.clear()
            if self.trouble.text != state.sentence:
                kind = "info" if state.saving is Saving.LATE else "error"
                self.trouble.show_text(state.sentence, kind, None if kind == "info" else self.button)
        elif self.trouble.text:
            self.trouble.clear()
            if self._failed is not None and self._failed is self.keeper.project:
                self.message.show_text(RECOVERED, "info", None)
        self._failed = self.keeper.project if state.failed else None

    # -- what the user does ---------------------------------------------------------------------------------------

    def _on_new(self) -> None:
        current = self.session.current
        start = "project"
        if current is not None:
            start = current.name if current.image.path is None else str(Path(current.image.path).with_suffix(""))
        name, _ = QFileDialog.getSaveFileName(
            self, "New project", start + SUFFIX, _FILES, options=QFileDialog.Option.DontConfirmOverwrite
        )
        if name:
            self.new_at(Path(name))

    def _on_open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open project", "", _FILES)
        if name:
            self.open_at(Path(name))

    def new_at(self, path: Path) -> None:
        """Keep all that is open in a new project at `path`."""
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if self._attempt(lambda: self.keeper.new_project(path)):
            self.message.show_text(path.name + _KEEPS, "info", None)

    def open_at(self, path: Path) -> None:
        """Open the project at `path` in place of the one that is open, and restore what it holds."""
        self._attempt(lambda: self._open(path, recovery=False))

    def restore_recovery(self, path: Path) -> None:
        """Restore what a recovery file holds, and go on keeping it there until there is a project."""
        self._attempt(lambda: self._open(path, recovery=True))

    def show_methods(self) -> None:
        """Show what was done in the project as text for a paper."""
        self.methods = MethodsWindow(present(self.keeper.user_project), self)
        self.methods.show()

    def close_project(self) -> None:
        """Close the project; its layers stay."""
        problem = self.keeper.close_project()
        if problem:
            self.message.show_text(problem, "error", None)

    def _open(self, path: Path, recovery: bool) -> None:
        project = self.keeper.user_project
        if project is not None and project.path == path.absolute():
            raise UserError(f"{path.name} is open already.")
        if self.session.job is not None:
            raise UserError("Wait until the work in progress has ended, or stop it: then open the project.")
        project = open_project(path)
        self.keeper.adopt(project, recovery)
        restored = restore_project(self.session, self.keeper, project, self._ask_for)
        self.offer.hide()
        self._tell(restored)
        self._check_images(project, restored)
        if restored.training is not None:
            self.keeper.training_lost.emit(restored.training)

    def _tell(self, restored: Reopened) -> None:
        text = " ".join((restored.sentence, *restored.unfinished, *restored.problems)).strip()
        self._told = not restored.problems
        self.message.show_text(text, "error" if restored.problems else "info", None)

    def _on_current(self) -> None:
        """An image that was closed before may be open again: a moment later, once its layer is complete."""
        work = self.session.current
        if self._told:
            self._told = False
            self.message.clear()
        if work is not None and closed_number(self.session, self.keeper, work) is not None:
            QTimer.singleShot(0, self._restore_current)

    def _restore_current(self) -> None:
        work, project = self.session.current, self.keeper.project
        restored = None if work is None else restore_opened(self.session, self.keeper, work)
        if restored is not None:
            self._tell(restored)
            self._check_images(present(project), restored)

    def _ask_for(self, reference: ImageReference) -> Path | None:
        """Where an image has gone: the user may know."""
        name, _ = QFileDialog.getOpenFileName(self, f"Where is {reference.name} now? It was {reference.path}")
        return Path(name) if name else None

    def _attempt(self, action: Callable[[], None]) -> bool:
        self.message.clear()
        self._told = False
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            action()
        except UserError as error:
            self.message.show_text(str(error), "error", self.button)
            return False
        finally:
            QApplication.restoreOverrideCursor()
        return True

    # -- images that are others now -------------------------------------------------------------------------------

    def _check_images(self, project: Project, restored: Reopened) -> None:
        """Compare the images with their hashes; large files take a while to read."""
        references = project.images()
        places = [(references[number], place) for number, place in restored.places.items()]
        run_errand(lambda: _changed_files(places), self._on_checked, project)

    def _on_checked(self, changed: list[str] | Failed, project: Project) -> None:
        if changed and not isinstance(changed, Failed) and project is self.keeper.project:
            names = ", ".join(changed)
            self.message.show_text(
                f"The contents of {names} have changed since they were corrected: check that the labels still fit.",
                "error",
                None,
            )

    # -- recovery -------------------------------------------------------------------------------------------------

    def _offer_recovery(self) -> None:
        if self.keeper.project is None:
            found = find_recoveries()
            if found:
                self.offer.show_offer(found[0])


def _changed_files(places: list[tuple[ImageReference, Path]]) -> list[str]:
    """Names of the files whose contents are others than when they were corrected."""
    changed = []
    for reference, place in places:
        with contextlib.suppress(OSError):
            if is_changed(reference, place):
                changed.append(place.name)
    return changed


_NAME = 24  # letters of the name of an image: a word that is longer than the line would widen the window


class RecoveryOffer(QFrame):
    """A line that offers what was left unsaved: restore it, or throw it away."""

    restored = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self._path = Path()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = QLabel(wordWrap=True)
        self.restore_button = QPushButton("Restore", toolTip="Open the images, labels and reviewed regions again")
        self.discard_button = QPushButton("Discard", toolTip="Delete them for good")
        self.restore_button.clicked.connect(lambda: self.restored.emit(self._path))
        self.discard_button.clicked.connect(self._on_discard)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.restore_button)
        row.addWidget(self.discard_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.hide()

    @property
    def path(self) -> Path:
        """The recovery file that is offered."""
        return self._path

    def show_offer(self, path: Path) -> None:
        """Offer the recovery file at `path`; nothing is shown if it cannot be read, or nothing is in it."""
        with contextlib.suppress(UserError):
            project = open_project(path, write=False)
            names = [reference.name for reference in project.images().values()]
            project.close()
            if names:
                when = datetime.fromtimestamp(path.stat().st_mtime).strftime("%d %b, %H:%M")
                self._path = path
                told = ", ".join(shorten(name, _NAME) for name in names[:3])
                self.text.setText(f"Corrections of {told} from {when} were not kept in a project.")
                self.text.setToolTip("\n".join(names))
                self.show()

    def _on_discard(self) -> None:
        remove_recovery(self._path)
        self.hide()
