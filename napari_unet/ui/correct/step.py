"""The Correct step: tools to repair labels, marks of what is reviewed, and a live count of what was corrected."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from napari_unet.corrections.comparison import Counts
from napari_unet.ui.canvas.sight import bring_to_front
from napari_unet.ui.correct.palette import ClassPalette, describe_painted
from napari_unet.ui.correct.parts import Parts
from napari_unet.ui.correct.queue.view import ReviewQueueView
from napari_unet.ui.correct.sides.views import SideViews
from napari_unet.ui.correct.small_objects import SmallObjects
from napari_unet.ui.correct.toolbox import CorrectionTools
from napari_unet.ui.correct.tools.actions import ACTIONS, LAYER_MODES
from napari_unet.ui.correct.tools.grid import ToolGrid, make_button, show_key
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.session.correction_tracker import CorrectionTracker
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.keeping.losses import Loss, get_losses
from napari_unet.ui.session.keeping.notices import Notice, get_notices
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.access.focus_ring import by_keys
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.step import REASON, Step, enable

NO_LABELS = "Segment the image first."
_PLANES = {"YX": "image", "TYX": "frame"}
NO_BUTTON_OF = ("show_reviewed", "show_filled", "hold_delete", "live")
TOOLS, REVIEW, QUEUE = "Tools", "Review", "Queue"
CLASS_TOOLS = tuple(LAYER_MODES)
"""What makes sense where values are classes: an object has no id of its own there."""
NO_BREAK = "\u00a0"
REVIEW_TOOLS = ("review_view", "review_slice", "review_brush", "review_box", "clear_reviewed")


class CorrectStep(Step):
    """Buttons are pressed in, and enabled, as the session and its layers say; nothing is remembered here."""

    title = "Correct"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._trackers, self._undo, self._losses = get_trackers(session), get_undo(session), get_losses(session)
        self._notices = get_notices(session)
        self.tools = CorrectionTools(session, self)
        self.buttons = {
            action.name: make_button(action, self._on_action) for action in ACTIONS if action.name not in NO_BUTTON_OF
        }
        self.grid = ToolGrid(self.buttons)
        self.palette_of_classes = ClassPalette()
        self.small = SmallObjects(session, self.tools)
        self.sides = Fold("Side views", SideViews(session, self.tools))
        self.parts = Parts()
        self.filled_box = QCheckBox("Filled")
        self.filled_box.setToolTip("Objects filled, or as outlines.\nHold the key . to see them the other way.")
        self.show_box = QCheckBox("Show")
        self.show_box.setToolTip("Show or hide the overlay of what is reviewed.\nKey: O")
        self.automatic_box = QCheckBox("Mark what I correct as reviewed", checked=True)
        self.automatic_box.setToolTip(
            "The surroundings of each object that you correct count as looked at: the model learns from them.\n"
            "What nobody reviewed is unknown to it, not background."
        )
        self.review_queue = ReviewQueueView(session, self.tools, self.buttons)
        self.counts_label = QLabel(wordWrap=True)
        self.hint_label = QLabel(wordWrap=True)
        self._fill_body()
        self._connect()
        self.refresh()

    def _fill_body(self) -> None:
        review = QWidget()
        rows = self._rows(REVIEW_TOOLS, 3)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.show_box, 1, 2)
        review.setLayout(rows)
        about = QLabel("What you looked at: the model learns from it alone.", wordWrap=True)
        parts = self.parts
        parts.add(TOOLS, "Repair the labels", self.palette_of_classes, self.grid, self.small)
        parts.add(REVIEW, "Mark what you looked at", about, review, self.automatic_box, self.counts_label)
        parts.add(QUEUE, "Go through the objects that are probably wrong\nKey: Q", self.review_queue)
        last = QHBoxLayout()
        last.addWidget(self.hint_label, 1)
        last.addWidget(self.filled_box)
        self.body_layout.addWidget(parts)
        self.body_layout.addWidget(self.sides)
        self.body_layout.addLayout(last)

    def _rows(self, names: tuple[str, ...], columns: int) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        for index, name in enumerate(names):
            grid.addWidget(self.buttons[name], index // columns, index % columns)
        return grid

    def _connect(self) -> None:
        session = self.session
        self.parts.shown.connect(lambda name: self._refresh_tools())  # of no tool nothing is said where there are none
        self.filled_box.clicked.connect(lambda: self.tools.run("show_filled"))
        self.tools.look.changed.connect(self._on_look)
        self.tools.queue_asked.connect(self._on_queue_asked)
        self.show_box.clicked.connect(lambda: self.tools.run("show_reviewed"))
        self.automatic_box.clicked.connect(self._on_automatic)
        self.tools.tool_changed.connect(self.refresh)
        self.tools.failed.connect(self.show_message)
        self.tools.edited.connect(self._on_edited)
        self.tools.cleared.connect(self._on_cleared)
        self._losses.lost.connect(self._on_lost)
        self._losses.replaced.connect(self._on_replaced)
        self.tools.small_asked.connect(self.small.ask)
        self.grid.scope_chosen.connect(self._on_scope)
        self.palette_of_classes.chosen.connect(lambda: self._on_action("paint"))
        self._trackers.changed.connect(self._on_tracker)
        listen(self, session.current_changed, self._on_current)
        listen(self, key_table().changed, self._on_keys)
        listen(self, session.labels_changed, self._on_labels)
        listen(self, session.prediction_changed, self._on_prediction)
        listen(self, session.classes_changed, self._on_labels)
        listen(self, session.refreshed, self._on_refreshed)
        listen(self, session.jobs.changed, self.refresh)

    @property
    def tracker(self) -> CorrectionTracker | None:
        work = self.session.current
        return None if work is None or work.labels_layer is None else self._trackers.of(work)

    def refresh(self) -> None:
        """Show the state of the current image."""
        tracker = self.tracker
        reason = None if tracker is not None else NO_LABELS
        for widget in (*self.buttons.values(), self.automatic_box, self.grid.more_button, self.filled_box):
            enable(widget, reason)
        self._refresh_tools()
        self._refresh_overlay(tracker)
        self._refresh_counts(tracker)

    def _refresh_tools(self) -> None:
        tool = self.tools.tool
        for name, button in self.buttons.items():
            if button.isCheckable():
                button.setChecked(name == tool)
        work = self.session.current
        idle = tool is None and self.parts.part != TOOLS
        self.hint_label.setText("" if idle else self._brush_note(work) + self.tools.hint)
        classes = work is not None and not work.head.draws_objects
        self.palette_of_classes.show_work(work)
        self.grid.show_only(CLASS_TOOLS if classes else None, "YX" if work is None else work.axes)
        self.review_queue.setVisible(not classes)
        self.parts.allow(QUEUE, not classes)
        self.filled_box.setVisible(not classes)
        self.sides.setVisible(work is not None and "Z" in work.axes)
        scopes = ["slice"] if work is None or classes else self.tools.objects.scopes(work)
        plane = "slice" if work is None else _PLANES.get(work.axes, "slice")
        self.grid.show_scopes(scopes, self.tools.objects.scope, plane)
        self.buttons["review_slice"].setText("All of it" if plane == "image" else f"This {plane}")

    def _brush_note(self, work: ImageWork | None) -> str:
        """Which object the brush paints, and its colour: another id than one thinks extends an object elsewhere."""
        if (
            work is None
            or work.labels_layer is None
            or work.head.keeps_values
            or self.tools.tool not in ("paint", "fill")
        ):
            return ""
        layer, number = work.labels_layer, int(work.labels_layer.selected_label)
        colour = layer.get_color(number)
        if number == 0 or colour is None:
            return "Painting background. "
        shown = "#" + "".join(f"{round(255 * float(part)):02x}" for part in colour[:3])
        new = ", new" if self.tools.objects.is_new(number) else ""
        return f'<span style="color: {shown}">\u25a0</span> Painting object {number}{new}. '

    def _refresh_overlay(self, tracker: CorrectionTracker | None) -> None:
        layer = None if tracker is None else tracker.overlay.layer
        enable(self.show_box, "Nothing is marked as reviewed yet." if layer is None else None)
        with QSignalBlocker(self.show_box), QSignalBlocker(self.automatic_box):
            self.show_box.setChecked(layer is not None and layer.visible)
            self.automatic_box.setChecked(tracker is None or tracker.marks_corrections)

    def _refresh_counts(self, tracker: CorrectionTracker | None) -> None:
        if tracker is None:
            self.set_state("segment the image first")
            self.counts_label.setText("")
            return
        counts, share = tracker.counts, tracker.overlay.share(self._plane())
        reviewed = f"{_percent(share)} reviewed"
        if not tracker.work.head.draws_objects:
            pixels = tracker.changed_pixels
            sentence, n = describe_painted(pixels, tracker.work.class_names), sum(pixels.values())
            short = f"{n:,} {'pixel' if n == 1 else 'pixels'} corrected" if n else "nothing corrected yet"
            brief = f"{n:,} px changed"
        else:
            sentence, n, short = counts.sentence, counts.total, _short(counts)
            brief = f"{n:,} changed"
        self.set_state(f"{short}; {reviewed}", f"{brief}; {reviewed}" if n else reviewed, reviewed)
        plane = _PLANES.get(tracker.work.axes, "slice")
        self.counts_label.setText(f"{sentence}; {_percent(share)} of this {plane} reviewed.")

    def _plane(self) -> tuple[int, ...]:
        return present(self.session.current).plane_at(self.session.viewer.dims.point)

    def _on_look(self) -> None:
        with QSignalBlocker(self.filled_box):
            self.filled_box.setChecked(self.tools.look.filled)

    def _on_queue_asked(self, name: str) -> None:
        """The queue was gone through by key: what it says of the object is to be seen."""
        self.parts.show_part(QUEUE)

    def show_where(self) -> None:
        """Go where there is most to be put right, and show what is said of it."""
        self.parts.show_part(QUEUE)
        self.review_queue.suggest()

    def _on_action(self, name: str) -> None:
        self._forget_said()
        self.tools.run(name)
        self.refresh()  # a button stays pressed in only if its tool really is in the hand
        self._focus_canvas()

    def _focus_canvas(self) -> None:
        """Keys go to the layer again, not to the button that was clicked; who came there by Tab goes on from there."""
        focused: QWidget | None = self.focusWidget()
        if focused is not None and not by_keys(focused):
            focused.clearFocus()

    def _on_edited(self, name: str) -> None:
        self._forget_said()
        self.small.note_edit()
        self.refresh()

    def _forget_said(self) -> None:
        """Something else is done: what was said of the act before, and its Undo, are over."""
        self.clear_message()
        self._notices.clear()

    def _on_cleared(self, sentence: str) -> None:
        """Much went with one click: it can be had back with one, as long as nothing was done since."""
        work = self.session.current
        self._notices.show(Notice(sentence, "Undo", lambda: self._undo.undo(work)), work)

    def _on_lost(self, loss: Loss) -> None:
        """Layers of corrections are gone."""
        self.session.work_on(loss.work.layer)
        self.set_open(True)
        notice = Notice(loss.sentence, "Restore", lambda: self._losses.restore(loss), wrong=True)
        self._notices.show(notice, loss.work)

    def _on_replaced(self, work: ImageWork, sentence: str) -> None:
        self.session.work_on(work.layer)
        self._notices.show(Notice(sentence, "Undo", lambda: self._undo.undo(work)), work)

    def _on_scope(self, scope: str) -> None:
        self.tools.objects.scope = scope
        self._focus_canvas()

    def _on_current(self) -> None:
        self.small.put_away()
        self.drop_message_of_others()
        if self.session.current is not None:
            bring_to_front(self.session, self.session.current)
        self.refresh()

    def _on_keys(self) -> None:
        """Other keys were chosen: the tool tips tell them."""
        for action in ACTIONS:
            if action.name in self.buttons:
                self.buttons[action.name].setProperty(REASON, None)
                show_key(self.buttons[action.name], action)
        self.refresh()

    def _on_automatic(self, on: bool) -> None:
        for work in self.session.works:
            self._trackers.of(work).set_marks_corrections(on)

    def _on_tracker(self, work: object) -> None:
        if work is self.session.current:
            self._refresh_overlay(self.tracker)
            self._refresh_counts(self.tracker)

    def _on_prediction(self, work: ImageWork) -> None:
        """Select fresh labels, if the image was selected: keys and brushes go to them from now on."""
        selection = self.session.viewer.layers.selection
        if work.prediction is not None and work.labels_layer is not None and selection.active is work.layer:
            selection.active = work.labels_layer
        if work.prediction is not None:
            self.tools.objects.take_new_id(work)
        self._on_labels(work)

    def _on_refreshed(self, work: ImageWork) -> None:
        self.tools.objects.note_refreshed(work)

    def _on_labels(self, work: object) -> None:
        self.tools.note_ids()
        if work is self.session.current:
            self.refresh()


def _short(counts: Counts) -> str:
    named = [(counts.corrected, "corrected"), (counts.added, "added"), (counts.removed, "removed")]
    return ", ".join(f"{number} {word}" for number, word in named if number) or "nothing corrected yet"


def _percent(share: float) -> str:
    """A share in per cent, never rounded down to nothing."""
    if 0 < share < 0.001:
        return f"< 0.1{NO_BREAK}%"
    return f"{100 * share:.{0 if share == 0 or share >= 0.01 else 1}f}{NO_BREAK}%"
