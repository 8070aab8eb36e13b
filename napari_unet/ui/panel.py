"""The dock: six steps, one below the other, and a row with the models and the keys."""

from collections.abc import Callable
from weakref import WeakSet

import napari
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_unet.installation import find_rival
from napari_unet.ui.canvas.graphics import guard_removals
from napari_unet.ui.classify.step import ClassifyStep
from napari_unet.ui.conventions.docked import note_panel
from napari_unet.ui.conventions.dropping import take_drop, would_take
from napari_unet.ui.conventions.welcome import WELCOME_MS, make_tour, remember_tour, welcome
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.images.step import ImageStep
from napari_unet.ui.pinned.area import PinnedArea
from napari_unet.ui.project.menu import ProjectBar
from napari_unet.ui.restore.step import RestoreStep
from napari_unet.ui.results.step import ResultsStep
from napari_unet.ui.segment.step import SegmentStep
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.jobs import SEGMENT
from napari_unet.ui.session.keeping.preferences import use_models_folder, use_threads
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.session import get_session
from napari_unet.ui.strip.strip import ImageStrip
from napari_unet.ui.track.step import TrackStep
from napari_unet.ui.widgets.access.focus_ring import FocusRing
from napari_unet.ui.widgets.access.way_in import WayIn
from napari_unet.ui.widgets.lettering import Lettering
from napari_unet.ui.widgets.room import CanvasRoom

WIDTH = 340


class VerticalScroll(QScrollArea):
    """Scrolls up and down only: its content is as wide as the view, never wider."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls to whatever the Tab key goes to
        self.setWidgetResizable(True)
        self.setWidget(content)

    def resizeEvent(self, event: QEvent) -> None:
        self.widget().setFixedWidth(self.viewport().width())
        super().resizeEvent(event)


class UNetPanel(QWidget):
    """Segment, correct, fine-tune, results: the steps of the work on the images of one viewer."""

    def __init__(self, napari_viewer: "napari.viewer.Viewer"):
        super().__init__()
        FocusRing(self)
        Lettering(self)  # before there is anything in it that would have to be drawn up anew
        use_models_folder()
        use_threads()
        self.session = get_session(napari_viewer)
        session = self.session
        self.image_step, self.segment_step = ImageStep(session), SegmentStep(session)
        self.correct_step, self.finetune_step = CorrectStep(session), FinetuneStep(session)
        self.track_step, self.classify_step = TrackStep(session), ClassifyStep(session)
        self.results_step, self.restore_step = ResultsStep(session), RestoreStep(session)
        self.steps = (self.image_step, self.segment_step, self.correct_step, self.finetune_step, self.track_step,
                      self.classify_step, self.results_step, self.restore_step)  # fmt: skip
        self.project_bar = ProjectBar(session)
        self.models_button = QPushButton("Models", toolTip="The models: where they came from, rename, delete, share")
        self.strip = ImageStrip(session, self.finetune_step.material.earlier.describe)
        self.pinned, self.room = PinnedArea(session), CanvasRoom(self)
        self.keys_button = QPushButton("?", toolTip="The keys, and how to change them\nKey: ?")
        self.way_in = WayIn(self, self._first_stop)
        self._closing = False
        self._shown_stage: int | None = None
        self._segmented: WeakSet[ImageWork] = WeakSet()
        self._was_ready = False
        self._labelled = Debounced(self, self._on_progress, 0)
        self._welcome = Debounced(self, self._on_welcome, WELCOME_MS)
        self._windows: dict[type[QDialog], QDialog] = {}
        self._lay_out()
        self.tour = make_tour(self)
        self.tour.ended.connect(remember_tour)
        self._connect()
        self._on_progress()
        self.setAcceptDrops(True)
        note_panel(self)
        if rival := find_rival():
            self.project_bar.message.show_text(rival, "error", None)

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.addWidget(self.project_bar, 1)
        self.keys_button.setMaximumWidth(32)
        header.addWidget(self.models_button)
        header.addWidget(self.keys_button)
        inside = QWidget()
        stack = QVBoxLayout(inside)
        stack.setContentsMargins(0, 0, 8, 0)
        stack.setSpacing(4)
        for step in self.steps:
            stack.addWidget(step)
        stack.addStretch(1)
        self.scroll = VerticalScroll(inside)
        layout = QVBoxLayout(self)
        header.setContentsMargins(0, 0, 8, 0)
        layout.setContentsMargins(6, 4, 0, 0)
        layout.addLayout(header)
        layout.addWidget(self.project_bar.below)
        layout.addWidget(self.strip)
        layout.addWidget(self.scroll, 1)
        for step in self.steps:
            for widget in step.pinned:
                self.pinned.pin(widget)
        layout.addWidget(self.pinned)
        self.setMinimumWidth(WIDTH)

    def _connect(self) -> None:
        listen(self, self.session.current_changed, self._on_progress)
        listen(self, self.session.prediction_changed, self._on_progress)
        # A moment later: a segmentation makes its layer before its job runs.
        listen(self, self.session.labels_changed, self._on_labels)
        self.finetune_step.counter.changed.connect(self._on_counted)
        self.finetune_step.segment_again.connect(self._on_segment_again)
        self.finetune_step.guidance.where_next.connect(self._on_where)
        self.correct_step.tools.live_asked.connect(self.finetune_step.live.toggle)
        self.correct_step.review_queue.keeper.changed.connect(self._on_screened)
        listen(self, key_table().changed, self._show_live_key)
        self._show_live_key()
        self.strip.open_wanted.connect(lambda path: self.image_step.open_paths([path]))
        self.strip.problem.connect(self.image_step.show_message)
        self.models_button.clicked.connect(self._on_models)
        self.keys_button.clicked.connect(self._on_keys)
        self.keys_shortcut = QShortcut(QKeySequence("?"), self)
        self.keys_shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self.keys_shortcut.activated.connect(self._on_keys)

    def _first_stop(self) -> QWidget:
        """The heading of the first step that is open: below it is what comes next."""
        return next((step for step in self.steps if step.is_open), self.image_step).heading

    def _show_live_key(self) -> None:
        self.finetune_step.live.show_key(key_table().key_of(next(one for one in ACTIONS if one.name == "live")))

    def _on_progress(self, work: object = None) -> None:
        """Open the step that comes next, and fold the others, unless the user decided otherwise."""
        stage = self._stage()
        if stage != self._shown_stage:
            self._shown_stage = stage
            for step in self.steps:
                step.suggest_open(step is self.steps[stage])

    def _on_labels(self) -> None:
        self._labelled.ask()

    def _stage(self) -> int:
        """The number of the step that comes next. Segmenting again is no step back."""
        current = self.session.current
        if current is None:
            return 0
        segmenting = self.session.job is not None and self.session.job.owner == SEGMENT
        if current.prediction is not None or (current.labels_layer is not None and not segmenting):
            self._segmented.add(current)
        elif current.labels_layer is None:
            self._segmented.discard(current)
        return 2 if current in self._segmented else 1

    def _on_counted(self) -> None:
        """There is something to learn from: Fine-tune opens below Correct, which stays as it is."""
        if self.finetune_step.material.anything and not self._was_ready:
            self._was_ready = True
            self.finetune_step.suggest_open(True)
            self.segment_step.doubts.withdraw()

    def _on_screened(self, work: ImageWork) -> None:
        """The objects of an image were measured: many that are suspicious may mean that the model does not suit it."""
        queue = self.correct_step.review_queue.keeper.queue(work)
        if queue is not None:
            self.segment_step.doubts.note_screening(work, queue.table.score[queue.table.ids > 0])

    def _on_where(self) -> None:
        self.correct_step.set_open(True)
        self.correct_step.show_where()

    def _on_segment_again(self) -> None:
        self.segment_step.set_open(True)
        self.scroll.ensureWidgetVisible(self.segment_step)
        self.segment_step.request()

    # -- windows --------------------------------------------------------------------------------------------------

    def _on_models(self) -> None:
        from napari_unet.ui.models.window import ModelsWindow

        self._show(ModelsWindow, lambda: ModelsWindow(self.session, self))

    def _on_keys(self) -> None:
        from napari_unet.ui.correct.keys_window import KeysWindow

        def make() -> QDialog:
            window = KeysWindow(self)
            window.tour_button.clicked.connect(self._on_tour)
            return window

        self._show(KeysWindow, make)

    def _on_welcome(self) -> None:
        if self.session.viewer is not None:
            welcome(self)

    def _on_tour(self) -> None:
        for window in self._windows.values():
            window.hide()
        self.tour.begin()

    def _show(self, kind: type[QDialog], make: Callable[[], QDialog]) -> None:
        if kind not in self._windows:
            self._windows[kind] = make()
        self._windows[kind].show()
        self._windows[kind].raise_()

    # -- files that are dropped here ------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QEvent) -> None:
        if would_take(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QEvent) -> None:
        take_drop(self, event)

    # -- the end --------------------------------------------------------------------------------------------------

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)
        guard_removals(self.session.viewer, self.window())
        self.room.fit()
        self._welcome.ask()

    def event(self, event: QEvent) -> bool:
        """napari takes the panel out of its dock when that is closed: nobody could stop the job any more."""
        if event.type() == QEvent.Type.ParentChange:
            self.correct_step.tools.set_keys(self.parent() is not None)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.session.stop_jobs()
            self.classify_step.clicks.set_on(False)
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The job ends with the window: once this hides because it closes, not when the user declines to close it."""
        if event.type() == QEvent.Type.Close:
            self._closing = True
            self.room.give_back()
        elif event.type() == QEvent.Type.Hide and self._closing:
            self.session.close()
        elif event.type() == QEvent.Type.WindowActivate:
            self._closing = False
        elif event.type() == QEvent.Type.Resize and watched is self.window():
            self.room.fit()
            self.tour.follow()
        return False
