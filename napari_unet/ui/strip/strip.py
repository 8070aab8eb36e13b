"""The strip above the steps: the image that is worked on, how it stands, and the way to the ones before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari.layers import Image as ImageLayer
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from napari_unet.project.references import find_image
from napari_unet.ui.canvas.sight import bring_to_front
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.strip.entries import Entry, close_image, describe_work, find_current, list_entries
from napari_unet.ui.strip.image_list import ImageList
from napari_unet.ui.strip.only_this import OnlyThis
from napari_unet.ui.widgets.fitting_label import FittingLabel, shorten

PREVIOUS_KEY, NEXT_KEY = "PgUp", "PgDown"
_LEFT_MS = 200


class ImageStrip(QWidget):
    """Images of the project that are not open are opened when they are gone to, and closed when they are left.

    `open_wanted` gives the path of one; whoever takes it opens it, and makes it the current one. `problem` is a
    sentence. `states_of_closed` gives how closed images stand, by number.
    """

    open_wanted = Signal(object)
    problem = Signal(str)

    def __init__(self, session: Session, states_of_closed: Callable[[], dict[int, str]] = dict) -> None:
        super().__init__()
        self._session, self._keeper = session, get_keeper(session)
        self._states_of_closed = states_of_closed
        self._opened: set[str] = set()  # keys of images that were opened from here
        self._arrived: list[ImageLayer] = []  # their order among the layers changes as one is brought to the front
        self.entries: list[Entry] = []
        self.only = OnlyThis(session)
        self.name, self.state = FittingLabel(), FittingLabel()
        self.previous_button = _button("", f"The image before\nKey: {PREVIOUS_KEY}")
        self.next_button = _button("", f"The image after\nKey: {NEXT_KEY}")
        self.list_button = _button("List", "All images, with how they stand")
        self.only_button = _button("Only this", "Hide all other images, until this is clicked again")
        self.only_button.setCheckable(True)
        self.previous_button.setArrowType(Qt.ArrowType.LeftArrow)
        self.next_button.setArrowType(Qt.ArrowType.RightArrow)
        self.previous_button.setAccessibleName("Image before")
        self.next_button.setAccessibleName("Image after")
        self.list = ImageList(self)
        self._soon = Debounced(self, self.refresh, 100)
        self._later = Debounced(self, self._close_left, _LEFT_MS)
        self._lay_out()
        self._connect()
        self._on_images()
        self.refresh()

    def _lay_out(self) -> None:
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget, stretch in ((self.previous_button, 0), (self.name, 1), (self.next_button, 0)):
            first.addWidget(widget, stretch)
        for widget, stretch in ((self.state, 1), (self.list_button, 0), (self.only_button, 0)):
            second.addWidget(widget, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 2)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addLayout(second)

    def _connect(self) -> None:
        session = self._session
        for signal in (
            session.current_changed, session.labels_changed, session.prediction_changed, session.reviewed_changed,
        ):  # fmt: skip
            listen(self, signal, self._on_changed)
        listen(self, session.images_changed, self._on_images)
        get_trackers(session).changed.connect(self._on_changed)
        self._keeper.changed.connect(self._on_changed)
        self._keeper.taken_in.connect(self._on_changed)
        self.previous_button.clicked.connect(lambda: self.step(-1))
        self.next_button.clicked.connect(lambda: self.step(1))
        self.only_button.toggled.connect(self.only.turn)
        self.list_button.clicked.connect(self._on_list)
        self.list.chosen.connect(self.go)
        self._keys = [QShortcut(QKeySequence(key), self) for key in (PREVIOUS_KEY, NEXT_KEY)]
        for key, by in zip(self._keys, (-1, 1), strict=True):
            key.setContext(Qt.ShortcutContext.WindowShortcut)
            key.activated.connect(lambda by=by: self.step(by))

    # -- showing --------------------------------------------------------------------------------------------------

    def _on_changed(self, work: object = None) -> None:
        self._soon.ask()

    def _on_images(self) -> None:
        layers = self._session.image_layers()
        known = [layer for layer in self._arrived if layer in layers]
        self._arrived = known + [layer for layer in layers if layer not in known]
        self._soon.ask()

    def refresh(self) -> None:
        """Show what is worked on now, and what else there is."""
        if self._session.viewer is None:
            return
        self.entries = list_entries(self._session, self._arrived)
        current = self._session.current
        at, n = find_current(self._session, self.entries), len(self.entries)
        several = n > 1 or (n == 1 and at is None)
        self.setVisible(current is not None or several)
        place = f"{at + 1} of {n}" if at is not None else f"{n} images"
        name = "" if current is None else current.name
        told = [f"{name}   {place}"] + [f"{shorten(name, most)}   {place}" for most in (24, 16)] if several else [name]
        told += [shorten(name, most) for most in (24, 16)]
        self.name.set_wordings(told, f"{place} in all" if several else "")
        self.state.set_wordings((describe_work(self._session, current) if current is not None else "choose an image",))
        for widget in (self.previous_button, self.next_button, self.list_button, self.only_button):
            widget.setVisible(several)
        if self.only.on:
            self.only.apply()
        if self.list.isVisible():
            self._fill_list()

    def _fill_list(self) -> None:
        closed = self._states_of_closed()
        states = [
            describe_work(self._session, self._session.find_work(entry.layer)) if entry.layer is not None
            else closed.get(present(entry.number), "closed")
            for entry in self.entries
        ]  # fmt: skip
        self.list.show_entries(self.entries, states, find_current(self._session, self.entries))

    def _on_list(self) -> None:
        self._soon.finish()
        self.list.show()
        self.list.raise_()
        self._fill_list()

    # -- going ----------------------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Go to the image after (1) or before (-1), round the end."""
        self._soon.finish()
        at = find_current(self._session, self.entries)
        if self.entries and at is None:
            self.go(self.entries[0])
        elif at is not None and len(self.entries) > 1:
            self.go(self.entries[(at + by) % len(self.entries)])

    def go(self, entry: Entry) -> None:
        """Work on an image, and see it before all others."""
        if entry.layer is not None and entry.layer in self._session.viewer.layers:
            self._session.work_on(entry.layer)
        elif not self._open(entry):
            return
        work = self._session.current
        if work is None:
            return
        if entry.layer is None:
            self._opened.add(work.key)
        bring_to_front(self._session, work)
        self._session.viewer.layers.selection.active = work.labels_layer or work.layer
        self._later.ask()  # the image that was asked for is seen before that
        self.refresh()

    def _open(self, entry: Entry) -> bool:
        project, reference = self._keeper.project, entry.reference
        if project is None or reference is None:
            return False
        project.flush()  # what was just done to it, if it was open before
        path: Path | None = find_image(reference, project.path)
        if path is None:
            where = f"{reference.name} is not at {reference.path} any more"
            self.problem.emit(f"{where}: put it there, or beside the project.")
            return False
        before = self._session.current
        self.open_wanted.emit(path)
        return self._session.current is not before

    def _close_left(self) -> None:
        """Images that were opened from here are closed once they are left: the project keeps what was done to them."""
        project, current = self._keeper.project, self._session.current
        left = [work for work in self._session.works if work is not current and work.key in self._opened]
        if not left or project is None or project.state.failed:
            return
        if current is not None and not self._keeper.settle(current):  # a stroke is being made
            self._later.ask()
            return
        self._keeper.finish()
        for work in left:
            if self._keeper.number_of(work) is not None and not self._is_busy(work):
                self._opened.discard(work.key)
                close_image(self._session, work)

    def _is_busy(self, work: ImageWork) -> bool:
        job = self._session.job
        return job is not None and any(work is about for about in job.about)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton(text=text, toolTip=tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
