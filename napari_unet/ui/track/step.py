"""The Track step of time-lapses: objects get one id through time, and what is wrong about it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QMenu, QPushButton, QSpinBox

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.tracking import corrections
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.corrections import TrackChange
from napari_unet.tracking.suspicion import TrackSuspicion, find_broken_tracks
from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.canvas.picking import ObjectPicker
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.track.exporting import write_in_background
from napari_unet.ui.track.lineage import get_lineages
from napari_unet.ui.track.tracks_layer import show_tracks
from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.parameters import ParameterForm
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

OWNER = "track"
NO_LABELS = "Segment all frames first, or choose labels of your own."
BY_CLASS = "These labels are classes: only objects can be followed."
BUSY = "Wait until the work in progress has ended, or stop it."
NOT_TRACKED = "Track the objects first."
NOTHING_TO_UNDO = "No track was mended yet."
FORMATS = {"tiff": "Labels and a table", "geff": "GEFF", "ctc": "Cell Tracking Challenge"}


class TrackStep(Step):
    """Track, look at doubtful places, connect, cut, mark divisions, swap, and export. Only of images with frames."""

    title = "Track"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.lineages = get_lineages(session)
        self.camera = session.service(ReviewCamera)
        self.picker = ObjectPicker(session, self._is_free, self)
        self.doubtful: list[TrackSuspicion] = []
        self._make_controls()
        self._lay_out_body()
        self._connect()
        self._on_current()

    def _make_controls(self) -> None:
        self.track_button = QPushButton("Track", toolTip="Give each object one id through all frames; Ctrl+Z undoes it")
        self.form = ParameterForm(TrackConfig, ("max_step", "gap_frames", "divisions"))
        self.progress = ProgressLine()
        self.one, self.other = QSpinBox(maximum=2**31 - 1), QSpinBox(maximum=2**31 - 1)
        self.one.setToolTip("The track that was clicked before the last one")
        self.other.setAccessibleName("Other track")
        self.other.setToolTip("The track that was clicked last: click objects on the canvas")
        self.connect_button = QPushButton("Connect", toolTip="The two are one: the later goes on as the earlier")
        self.cut_button = QPushButton(
            "Cut here",
            toolTip="From this frame on, the track clicked last is another one; in its first frame: without a mother",
        )
        self.divide_button = QPushButton("Division", toolTip="The later of the two was born of the earlier")
        self.swap_button = QPushButton("Swap here", toolTip="From this frame on, the two change places")
        self.undo_button = QPushButton("Undo", toolTip="Take back what was mended last")
        self.next_button = QPushButton("Next doubtful", toolTip="Show where a track looks broken, the worst first")
        self.export_button = QPushButton("Export...", toolTip="Write labels and lineage for other programs")
        menu = QMenu(self.export_button)
        for form, title in FORMATS.items():
            menu.addAction(title, lambda form=form: self._on_export(form))
        self.export_button.setMenu(menu)

    def _lay_out_body(self) -> None:
        chosen, grid = QHBoxLayout(), QGridLayout()
        for widget in (caption("Tracks", self.one), self.one, caption("and", self.other), self.other):
            chosen.addWidget(widget, int(isinstance(widget, QSpinBox)))
        buttons = (self.connect_button, self.cut_button, self.divide_button, self.swap_button)
        for at, button in enumerate((*buttons, self.undo_button, self.next_button)):
            grid.addWidget(button, at // 2, at % 2)
        self.body_layout.addWidget(self.track_button)
        self.body_layout.addWidget(Fold("How", self.form))
        self.body_layout.addLayout(chosen)
        self.body_layout.addLayout(grid)
        self.body_layout.addWidget(self.export_button)
        self.pin(self.progress)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self._on_current)
        listen(self, session.image_changed, self._on_changed)
        listen(self, session.labels_changed, self._on_changed)
        listen(self, session.jobs.changed, self._show_state)
        self.lineages.changed.connect(self._on_changed)
        self.picker.clicked.connect(self.pick)
        self.track_button.clicked.connect(self.track)
        self.progress.stop_clicked.connect(lambda: session.jobs.stop(OWNER))
        self.connect_button.clicked.connect(lambda: self._mend_pair(corrections.connect_tracks))
        self.divide_button.clicked.connect(lambda: self._mend_pair(corrections.mark_division))
        self.cut_button.clicked.connect(self.cut)
        self.swap_button.clicked.connect(self.swap)
        self.undo_button.clicked.connect(self.undo)
        self.next_button.clicked.connect(self.show_next)

    # -- showing the session's state ------------------------------------------------------------------------------

    @property
    def work(self) -> ImageWork | None:
        return self.session.current

    @property
    def frame(self) -> int:
        """The frame in view."""
        return int(present(self.work).plane_at(self.session.viewer.dims.point)[0])

    def _on_current(self) -> None:
        self.drop_message_of_others()
        self.doubtful = []
        self._show_state()

    def _on_changed(self, work: Any) -> None:
        if work in self.session.works and (work.lineage is not None or "tracks" in work.layers):
            movie = self.lineages.of(work)
            if movie is not None or work.lineage is None or work.labels is None:
                show_tracks(self.session, work, movie)
        if work is self.work:
            self.doubtful = []
            self._show_state()

    def _show_state(self) -> None:
        work = self.work
        self.setVisible(work is not None and work.axes.startswith("T"))
        movie = self.lineages.of(work)
        labels = None if work is None else work.labels
        wrong = NO_LABELS if labels is None else None if present(work).head.draws_objects else BY_CLASS
        busy = BUSY if self.session.job is not None else None
        enable(self.track_button, wrong or busy)
        not_tracked = NOT_TRACKED if movie is None else None
        for button in (self.connect_button, self.cut_button, self.divide_button, self.swap_button):
            enable(button, not_tracked or busy)
        enable(self.undo_button, busy or (None if self.lineages.can_undo(work) else NOTHING_TO_UNDO))
        enable(self.next_button, not_tracked)
        enable(self.export_button, not_tracked or busy)
        self.progress.follow(self.session.job, OWNER)
        if movie is None:
            self.set_state("objects through time")
        else:
            divisions = len(set(movie.tracks.parents.values()))
            self.set_state(f"{len(movie.tracks):,} tracks, {divisions:,} divisions", f"{len(movie.tracks):,} tracks")

    # -- tracking -------------------------------------------------------------------------------------------------

    def track(self) -> None:
        """Follow the objects of the current image."""
        work = self.work
        if work is None or work.labels is None or self.session.job is not None:
            return
        from napari_unet.workflows.tracking import track_image_steps

        self.clear_message()
        stop, basis = StopFlag(), work.labels.copy()
        labels = replace(work.grey, data=basis)
        events = track_image_steps(labels, TrackConfig(**self.form.values()), stop)
        finish = self._on_tracked
        if self.session.jobs.start(
            events, stop, self._on_advanced, partial(finish, work, basis), f"Tracking {work.name}",
            OWNER, [work],
        ):  # fmt: skip
            self.progress.begin("Following the objects")

    def _on_advanced(self, event: Any) -> None:
        self.progress.advance(event.done, event.total, "Following the objects", event.seconds_left)

    def _on_tracked(self, work: ImageWork, basis: Any, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.show_message(outcome.message, self.track_button)
        if not isinstance(outcome, Finished) or outcome.stopped or work not in self.session.works:
            return
        if work.labels is None or not (work.labels == basis).all():
            self.show_message("The labels changed while they were tracked: track them again.", self.track_button)
            return
        self.lineages.begin(work, outcome.result.labels, outcome.result.tracks)

    # -- mending --------------------------------------------------------------------------------------------------

    def _is_free(self) -> bool:
        """Whether a click on the canvas may mean a track: no tool is in the hand, and this step is open."""
        layer = None if self.work is None else self.work.labels_layer
        open_here = self.is_open and self.lineages.of(self.work) is not None
        return open_here and layer is not None and layer.mode in ("pan_zoom", "pick") and layer.mouse_pan

    def pick(self, position: Any) -> None:
        """Choose the track of the object at a place of the world; the one chosen before it stays the other."""
        found = self.picker.object_at(position)
        if found is not None and found[1] != self.other.value():
            self.one.setValue(self.other.value())
            self.other.setValue(found[1])

    def _mend_pair(self, make: Callable[[Any, int, int], TrackChange]) -> None:
        """`make` wants the track that begins earlier first."""
        movie = present(self.lineages.of(self.work))
        spans, pair = movie.tracks.spans(), (self.one.value(), self.other.value())
        first, second = sorted(pair, key=lambda track: spans.get(track, (0, 0)))
        self._mend(lambda: make(movie.tracks, first, second))

    def cut(self) -> None:
        tracks = present(self.lineages.of(self.work)).tracks
        self._mend(lambda: corrections.cut_track(tracks, self.other.value(), self.frame))

    def swap(self) -> None:
        tracks = present(self.lineages.of(self.work)).tracks
        self._mend(lambda: corrections.swap(tracks, self.one.value(), self.other.value(), self.frame))

    def _mend(self, make: Callable[[], TrackChange]) -> None:
        self.clear_message()
        try:
            change, work = make(), present(self.work)
            locked = work.locked & {*change.before.tolist(), *change.after.tolist()}
            if locked:
                raise UserError(f"Object {min(locked)} is locked: unlock it first.")
            self.lineages.mend(work, change)
        except UserError as error:
            self.show_message(str(error), self.other)

    def undo(self) -> None:
        """Take back what was mended last."""
        if self.work is not None and self.lineages.can_undo(self.work):
            self.lineages.undo(self.work)

    def show_next(self) -> None:
        """Go to the next place where a track looks broken."""
        work, movie = self.work, self.lineages.of(self.work)
        if work is None or movie is None:
            return
        if not self.doubtful:
            self.doubtful = find_broken_tracks(movie.tracks, movie.frames, movie.tracking.diameter)
            if not self.doubtful:
                self.show_message("No track looks broken.", kind="info")
                return
        found = self.doubtful.pop(0)
        objects = movie.frames[found.frame]
        centre = objects.centre[list(objects.ids).index(found.label)].round().astype(int).tolist()
        reach = int(movie.tracking.diameter / 2) + 1  # the object itself: the camera adds what is around it
        row, column = centre[-2:]
        self.camera.go_to(work, (found.frame, *centre[:-2]), (row - reach, row + reach, column - reach, column + reach))
        self.other.setValue(found.track)
        self.show_message(f"Track {found.track} {found.kind} here.", kind="info")

    # -- files ----------------------------------------------------------------------------------------------------

    def _on_export(self, form: str) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the tracks go")
        if folder:
            self.export(form, Path(folder))

    def export(self, form: str, folder: Path) -> None:
        """Write labels and lineage of the current image into `folder`, in one of `FORMATS`."""
        work, movie = self.work, self.lineages.of(self.work)
        if work is None or movie is None or self.session.job is not None:
            return
        self.clear_message()
        self.progress.begin("Writing the tracks")
        events, stop = write_in_background(work, movie, form, folder)
        self.session.jobs.start(events, stop, None, self._on_exported, f"Exporting {work.name}", OWNER, [work])

    def _on_exported(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.show_message(outcome.message, self.export_button)
        elif outcome is not None:
            self.show_message(f"Written: {', '.join(str(path) for path in outcome.result)}", kind="info")
