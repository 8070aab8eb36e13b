"""The step *Classes of objects*."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton

from napari_unet.errors import UserError
from napari_unet.labels.types import Place
from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.canvas.marks.signs import marks_of
from napari_unet.ui.classify.class_rows import ClassRows
from napari_unet.ui.classify.classifying import ObjectClassifying
from napari_unet.ui.classify.clicks import ClassClicks
from napari_unet.ui.classify.layer_classes import (
    class_table,
    color_by_class,
    color_by_object,
    drop_classes,
    has_classes,
    put_classes,
)
from napari_unet.ui.classify.least_sure import LeastSureWalk
from napari_unet.ui.classify.saved_classes import SavedClasses
from napari_unet.ui.classify.score_text import confusion_html, score_sentence
from napari_unet.ui.classify.whole_images.button import ImagesButton
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable

if TYPE_CHECKING:
    from napari_unet.classification.marked import MarkedObjects
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

NO_LABELS = "Segment the image first, or choose labels of your own."
ARE_CLASSES = "These labels are classes of pixels: there are no objects to give a class to."
NOTHING_FOUND = "Give a class to a few objects first."


class ClassifyStep(Step):
    """Give some objects a class, see what the others are taken for, and go on where that is least sure."""

    title = "Classes of objects"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.classifying = ObjectClassifying(session, self)
        self.clicks = ClassClicks(session, self)
        self.camera = session.service(ReviewCamera)
        self.give_button = QPushButton(
            "Give by clicks", checkable=True,
            toolTip="A click on an object gives it the chosen class\nKeys: 1 to 9 give a class to the object under the "
            "mouse, 0 takes it away",
        )  # fmt: skip
        self.rows = ClassRows()
        self.add_button = QPushButton("Add class", toolTip="One class more")
        self.next_button = QPushButton("Least sure next", toolTip="Go to an object that could be of either class")
        self.colors_box = QCheckBox("Show classes in their colours")
        self.progress = ProgressLine()
        self.score_label = QLabel(wordWrap=True)
        self.confusion_label = QLabel()
        self.confusion_fold = Fold("Held-out examples", self.confusion_label)
        self.saved = SavedClasses(session, self.classifying)
        self.images_button = ImagesButton(session)
        self._walk = LeastSureWalk()
        self._watched: WeakSet[Labels] = WeakSet()
        self._lay_out_body()
        self._connect()
        self._on_current()

    def _lay_out_body(self) -> None:
        first = QHBoxLayout()
        first.addWidget(self.give_button, 1)
        first.addWidget(self.add_button)
        self.body_layout.addLayout(first)
        for widget in (
            self.rows, self.progress, self.score_label, self.confusion_fold, self.colors_box, self.next_button,
            self.saved, self.images_button,
        ):  # fmt: skip
            self.body_layout.addWidget(widget)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self._on_current)
        listen(self, session.labels_changed, self._on_labels)
        listen(self, session.classes_changed, self._on_labels)
        listen(self, session.work_changed, self._on_work)
        self.give_button.toggled.connect(self._on_give)
        self.clicks.clicked.connect(lambda place: self.give(place, self.rows.chosen))
        self.clicks.key_pressed.connect(self._on_key)
        self.add_button.clicked.connect(lambda: self._change(lambda marked: marked.with_class()))
        self.rows.renamed.connect(lambda which, name: self._change(lambda marked: marked.renamed(which, name)))
        self.rows.recolored.connect(lambda which, color: self._change(lambda marked: marked.recolored(which, color)))
        self.rows.removed.connect(lambda which: self._change(lambda marked: marked.without_class(which)))
        self.next_button.clicked.connect(self.go_to_least_sure)
        self.colors_box.toggled.connect(self._show_found)
        self.progress.stop_clicked.connect(self.classifying.stop)
        self.classifying.changed.connect(self._show_found)
        self.classifying.progressed.connect(self._on_progress)
        self.classifying.told.connect(self._on_told)
        self.saved.failed.connect(self.show_message)
        self.saved.written.connect(lambda path: self.show_message(f"Written: {path}", kind="info"))
        self.saved.taken.connect(self.clear_message)

    @property
    def work(self) -> ImageWork | None:
        return self.session.current

    # -- what the user does -----------------------------------------------------------------------------------------

    def _on_give(self, on: bool) -> None:
        self.clicks.set_on(on)
        self.classifying.active = self.classifying.active or on
        if on:
            self.classifying.begin()

    def give(self, place: Place, which: int | None) -> None:
        """Give a class to the object at a pixel of the current image's labels; None: take its class away."""
        work = present(self.work)
        work.marked = work.marked.given(present(work.labels), place, which, "T" in work.axes)
        self._walk.begin_again()

    def _on_key(self, which: int, place: Place | None) -> None:
        if which >= len(self.rows.rows):
            self.show_message(f"There is no class {which + 1} yet: add one.", self.add_button)
            return
        if which >= 0:
            self.rows.choose(which)
        if place is not None:
            self.give(place, None if which < 0 else which)

    def _change(self, change: Any) -> None:
        work = self.work
        if work is None:
            return
        try:
            changed: MarkedObjects = change(work.marked)
        except UserError as error:
            self.show_message(str(error), self.rows)
            self._show_rows()
            return
        self.clear_message()
        for other in self.session.works:  # classes are those of all images
            if other is not work and other.marked.names == work.marked.names:
                other.marked = change(other.marked)
        work.marked = changed

    def go_to_least_sure(self) -> None:
        """Show the object of which the classifier is least sure, of those that nobody gave a class; then the next."""
        work = present(self.work)
        found = self.classifying.of(work)
        if found is None or work.labels is None:
            return
        place = self._walk.next_place(work, found)
        if place is not None:
            self.camera.go_to(work, *place)
            return
        self._walk.begin_again()
        self.show_message("All objects were shown: the least sure one is next again.", kind="info")

    # -- showing ------------------------------------------------------------------------------------------------------

    def _on_current(self) -> None:
        self.drop_message_of_others()
        self._on_labels(self.work)

    def _on_labels(self, work: object) -> None:
        if work is not self.work:
            return
        current = self.work
        reason = NO_LABELS if current is None or current.labels is None else None
        if reason is None and not present(current).head.draws_objects:
            reason = ARE_CLASSES
        for widget in (self.give_button, self.saved.load_button, self.rows, self.add_button):
            enable(widget, reason)
        self._show_found()

    def _on_work(self, work: ImageWork, name: str) -> None:
        if name == "marked" and work is self.work:
            self._show_rows()
            self._show_marks()

    def _on_progress(self, done: int, total: int) -> None:
        if total and done >= total:
            self.progress.end()
        elif not self.progress.isVisible():
            self.progress.begin("Looking at the objects")
        elif total:
            self.progress.advance(done, total, "Looking at the objects")

    def _on_told(self, sentence: str) -> None:
        self.score_label.setText(sentence)

    def _show_found(self, _: object = None) -> None:
        """Classes in the layer's features, in colours, and in numbers."""
        work = self.work
        found = self.classifying.of(work)
        layer = None if work is None else work.labels_layer
        if layer is not None and found is not None:
            put_classes(layer, class_table(found, "T" in present(work).axes))
            self._watch(layer)
        elif layer is not None and work is not None and work.head.draws_objects:
            drop_classes(layer)
        if layer is not None and found is not None and self.colors_box.isChecked():
            color_by_class(
                layer, found, dict(zip(present(work).marked.names, present(work).marked.colors, strict=True))
            )
        elif layer is not None:
            color_by_object(layer)
        enable(self.next_button, NOTHING_FOUND if found is None else None)
        enable(self.saved.save_button, NOTHING_FOUND if found is None else None)
        score = self.classifying.score
        self.confusion_fold.setVisible(found is not None and score is not None)
        if found is not None:
            self.score_label.setText(score_sentence(found.classifier, score))
            if score is not None:
                self.confusion_label.setText(confusion_html(found.classifier.class_names, score))
        self._show_rows()

    def _watch(self, layer: Labels) -> None:
        if layer not in self._watched:
            self._watched.add(layer)
            listen(self, layer.events.features, self._on_features)

    def _on_features(self) -> None:
        """Somebody else gave the layer a new table: the classes go into that one, too."""
        work, found = self.work, self.classifying.of(self.work)
        layer = None if work is None else work.labels_layer
        if found is not None and layer is not None and not has_classes(layer):
            put_classes(layer, class_table(found, "T" in present(work).axes))

    def _show_rows(self) -> None:
        work = self.work
        if work is None:
            self.set_state("by a few clicks")
            return
        given = Counter(which for _, which in work.marked.places)
        found = self.classifying.of(work)
        counts = Counter[str]()
        if found is not None:
            names = np.array(found.classifier.class_names, dtype=object)
            counts.update(names[found.probabilities.argmax(axis=1)].tolist())
        words = [
            f"{given[i]} given" + (f", {counts[name]:,} in all" if found is not None else "")
            for i, name in enumerate(work.marked.names)
        ]
        self.rows.show_classes(work.marked, words)
        if found is None:
            self.set_state(f"{sum(given.values())} given" if given else "by a few clicks")
        else:
            told = ", ".join(f"{n:,} {name}" for name, n in counts.most_common(3))
            self.set_state(told, f"{len(found.features):,} objects")

    def _show_marks(self) -> None:
        work = present(self.work)
        index = [work.geometry.layer_index(place) for place, _ in work.marked.places]
        places = np.array(index, float).reshape(len(index), len(work.geometry.layer_axes))
        marks_of(self.session, work, "examples", "disc", 8).show(places)
