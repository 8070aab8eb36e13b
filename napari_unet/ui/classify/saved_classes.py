"""Classifiers that go into files and come from them, and examples from tables: the two buttons and what they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_unet.errors import UserError
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.classify.classifying import ObjectClassifying
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_FILES = "Classifiers (*.safetensors)"
_SAVED = "Classifiers, or tables of examples (*.safetensors *.csv *.tsv)"


class SavedClasses(QWidget):
    """`failed`: a sentence, and the button that it is about. `written`: the new file. `taken`: classes came in."""

    failed = Signal(str, object)
    written = Signal(Path)
    taken = Signal()

    def __init__(self, session: Session, classifying: ObjectClassifying) -> None:
        super().__init__()
        self._session, self._classifying = session, classifying
        self.save_button = QPushButton("Save...", toolTip="Keep the classifier in a file, for other images")
        self.load_button = QPushButton("Use saved...", toolTip="Give classes by a classifier that was saved "
                                       "before, or take examples from a table (label, class)")  # fmt: skip
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.save_button)
        layout.addWidget(self.load_button)
        self.save_button.clicked.connect(self._on_save)
        self.load_button.clicked.connect(self._on_load)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the classifier", "classes.safetensors", _FILES)
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Keep the classifier of the current image in a new file."""
        from napari_unet.classification.classifier_file import save_classifier

        work = present(self._session.current)
        classifier = present(self._classifying.of(work)).classifier
        colors = dict(zip(work.marked.names, work.marked.colors, strict=True))
        shown = tuple(colors.get(name, "#999999") for name in classifier.class_names)
        try:
            new = save_classifier(replace(classifier, colors=shown, score=self._classifying.score), path)
        except UserError as error:
            self.failed.emit(str(error), self.save_button)
            return
        self.written.emit(new)

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Use a saved classifier", "", _SAVED)
        if path:
            self.load(Path(path))

    def load(self, path: Path) -> None:
        """Give the objects a class by the classifier in a file, or by the examples in a table."""
        work = present(self._session.current)
        try:
            if path.suffix.lower() in (".csv", ".tsv"):
                self._take_examples(path, work)
            else:
                self._use_classifier(path, work)
        except UserError as error:
            self.failed.emit(str(error), self.load_button)
            return
        self.taken.emit()

    def _use_classifier(self, path: Path, work: ImageWork) -> None:
        from napari_unet.classification.classifier_file import load_classifier

        if work.marked.places:
            raise UserError("This image has examples, from which its classes come: take them away first (key 0).")
        classifier = load_classifier(path)
        colors = classifier.colors or work.marked.colors
        if len(colors) == len(classifier.class_names):
            work.marked = type(work.marked)(classifier.class_names, tuple(colors))
        self._classifying.use(classifier)

    def _take_examples(self, path: Path, work: ImageWork) -> None:
        """All objects that a table gives a class are examples; those that were given before are forgotten."""
        from napari_unet.results.exports.object_classes import classes_of_image, read_class_tables

        classes = classes_of_image(read_class_tables(path), work.image.name)
        work.marked = type(work.marked).of_classes(classes, present(work.labels), "T" in work.axes)
        self._classifying.active = True
