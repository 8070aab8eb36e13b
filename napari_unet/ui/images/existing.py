"""Labels that are there already: a Labels layer or a file becomes the labels of the current image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.classification.marked import MarkedObjects
from napari_unet.errors import UserError
from napari_unet.heads.registry import find_head
from napari_unet.images.files.label_files import read_labels, whole_numbers
from napari_unet.labels.places import check_single_objects, tell_scattered
from napari_unet.ui.session.layers import role_of
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.step import MessageLine

if TYPE_CHECKING:
    from napari_unet.results.exports.object_classes import ObjectClasses
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_FILES = "Labels (*.tif *.tiff *.png *.npy *.zip *.roi *.geojson *.json);;All files (*)"
_OUTLINES = (".zip", ".roi", ".geojson", ".json")  # of ImageJ, QuPath and COCO, with the classes of the objects
_FROM_FILE = "From a file..."


class ExistingLabels(QDialog):
    """Asks which labels, and the one thing about them: are they to be corrected, or to be learned from?"""

    used = Signal(object)  # the image's work
    told = Signal(str)  # what is odd about the labels that are used

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._path: Path | None = None
        self._work: ImageWork | None = None  # for which it was asked
        self.setWindowTitle("Use existing labels")
        self.source_box = QComboBox(toolTip="A Labels layer of the same shape as the image, or a file")
        self.correct = QRadioButton("I want to correct them", checked=True)
        self.correct.setToolTip("They take the place of what a model finds. What you change counts as a correction.")
        self.learn = QRadioButton("They are right: the model can learn from them")
        self.learn.setToolTip("All of the image counts as reviewed. What has no label is background.")
        self.message = MessageLine()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.use_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.use_button.setText("Use labels")
        self.use_button.setToolTip("Have them as the labels of the image in view")
        layout = QVBoxLayout(self)
        layout.addWidget(caption("Labels", self.source_box))
        for widget in (self.source_box, self.correct, self.learn, self.message, self.buttons):
            layout.addWidget(widget)
        self.source_box.activated.connect(self._on_source)
        self.buttons.accepted.connect(self.use)
        self.buttons.rejected.connect(self.reject)
        self.setMinimumWidth(380)

    def ask(self) -> None:
        """Offer the layers that are there now; those that fit the image come first."""
        self._path = None
        self.message.clear()
        self.source_box.clear()
        work = self._work = self._session.current
        for layer in sorted(self._layers(), key=lambda layer: not _fits(work, layer)):
            self.source_box.addItem(layer.name, layer)
        self.source_box.addItem(_FROM_FILE)
        self.setWindowTitle("Use existing labels" if work is None else f"Use existing labels for {work.name}")
        self.show()

    def choose_file(self, path: Path) -> None:
        """Take the labels from a file."""
        self._path = path
        self.source_box.setItemText(self.source_box.count() - 1, path.name)
        self.source_box.setCurrentIndex(self.source_box.count() - 1)

    def use(self) -> None:
        """Do what was chosen, or say why that cannot be."""
        work = self._work
        try:
            if work is None or work not in self._session.works:
                raise UserError("The image that the labels are for is closed: open it, and choose them again.")
            (labels, classes), layer = self._read(work), self.source_box.currentData()
            problem = self._check(labels)
            marked = MarkedObjects.of_classes(classes, labels, "T" in work.axes) if classes else None
            put_labels(self._session, work, labels, layer, right=self.learn.isChecked())
            work.marked = work.marked if marked is None else marked
        except UserError as error:
            self.message.show_text(str(error), "error", self.source_box)
            return
        self.accept()
        if problem:
            self.told.emit(problem)
        self.used.emit(work)

    def _read(self, work: ImageWork) -> tuple[npt.NDArray[Any], ObjectClasses | None]:
        """The labels, and the classes that a file says their objects are of."""
        layer = self.source_box.currentData()
        if layer is not None:
            if layer not in self._session.viewer.layers:
                raise UserError(f"{layer.name} was removed meanwhile: choose other labels.")
            return work.labels_of(layer), None
        if self._path is None:
            self._on_source(self.source_box.currentIndex())
        if self._path is None:
            raise UserError("No labels are chosen yet: choose a layer, or a file.")
        if self._path.suffix.lower() not in _OUTLINES:
            return read_labels(self._path, work.grey), None
        from napari_unet.results.exports.formats import import_labels

        found = import_labels(self._path, work.grey)
        return found.labels, found.classes

    def _check(self, labels: npt.NDArray[Any]) -> str:
        """A sentence on ids in many places; raises `UserError` for a mask, or a grey image, in place of labels."""
        entry = self._session.model_entry
        if entry is not None and not find_head(entry.record).draws_objects:
            return ""
        name = self.source_box.currentText()
        whole_numbers(labels, f"The labels {name}")
        return tell_scattered(name, check_single_objects(labels.reshape(-1, *labels.shape[-2:]), name))

    def _layers(self) -> list[Labels]:
        return [layer for layer in self._session.viewer.layers if isinstance(layer, Labels) and role_of(layer) is None]

    def _on_source(self, index: int) -> None:
        if self.source_box.itemData(index) is None:
            name, _ = QFileDialog.getOpenFileName(self, "Labels of the image", "", _FILES)
            if name:
                self.choose_file(Path(name))


def _fits(work: ImageWork | None, layer: Labels) -> bool:
    return work is not None and work.geometry.from_layer(layer.data) is not None


def put_labels(
    session: Session, work: ImageWork, labels: npt.NDArray[Any], layer: Labels | None = None, right: bool = False
) -> None:
    """Make `labels` (axes of `work`) those of the image, from a `layer` of the user's if they lie in one.

    They are a prediction to be corrected, or (`right`) ground truth, all of it reviewed. Labels that the image has
    already are written over as one step, which can be undone.
    """
    tracker = get_trackers(session).of(work)
    if work.labels_layer is not None:
        _write_over(work, labels)
    elif layer is not None:
        session.adopt_labels(work, layer)
    else:
        session.add_layer(work, "labels", labels)
    with work.change():
        work.segmented_by, work.seconds, work.maps = None, None, None
        work.task, work.class_names, work.class_shares = "instances", (), {}
        work.n_objects = int(np.count_nonzero(np.unique(present(work.labels))))
        if not right:
            work.prediction = present(work.labels).astype(np.int32)
    if right:
        tracker.overlay.mark_all()
    session.viewer.layers.selection.active = work.labels_layer


def _write_over(work: ImageWork, labels: npt.NDArray[Any]) -> None:
    now = present(work.labels)
    index = np.nonzero(now != labels)
    if index[0].size:
        present(work.labels_layer).data_setitem(work.geometry.layer_index(index), labels[index])
