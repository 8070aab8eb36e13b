"""The window of a folder of images and masks: which belong together, what is alone, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.widgets.fitting_label import FittingLabel
from napari_unet.ui.widgets.step import MessageLine
from napari_unet.workflows.adopting import CheckedFolder, check_folder, find_folders

if TYPE_CHECKING:
    from napari_unet.workflows.pairing import Pair

_HEADINGS = ("Image", "Masks", "")
_FITS, _ALONE = "\u2713", "\u2014"
_MEANING = (
    "Masks have one number an object, 0 is background. All of each image counts as reviewed: the model learns from it."
)


class PairsWindow(QDialog):
    """Lists every pair before anything is done. `added` gives the pairs that fit, once the user says so."""

    added = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a folder of images and masks")
        self.found: CheckedFolder | None = None
        self.images_label, self.labels_label = FittingLabel(), FittingLabel()
        self.images_button = QPushButton("Images...", toolTip="Choose the folder of the images")
        self.labels_button = QPushButton("Masks...", toolTip="Choose the folder of the masks, if it is another one")
        self.table = QTreeWidget(rootIsDecorated=False, uniformRowHeights=True)
        self.summary = QLabel(wordWrap=True)
        self.message = MessageLine()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.add_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.add_button.setToolTip("Have these images in the project, their masks as ground truth")
        self._folders = (Path(), Path())
        self._lay_out()
        self.images_button.clicked.connect(self._on_images)
        self.labels_button.clicked.connect(self._on_labels)
        self.buttons.accepted.connect(self._on_add)
        self.buttons.rejected.connect(self.reject)
        self.resize(640, 520)

    def _lay_out(self) -> None:
        self.table.setHeaderLabels(_HEADINGS)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # long names differ at their ends
        self.table.setAccessibleName("Images and their masks")
        header = self.table.header()
        header.setStretchLastSection(False)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        folders = QGridLayout()
        folders.setColumnStretch(1, 1)
        for row, (button, label) in enumerate(
            ((self.images_button, self.images_label), (self.labels_button, self.labels_label))
        ):
            folders.addWidget(button, row, 0)
            folders.addWidget(label, row, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(folders)
        for widget in (self.table, self.summary, QLabel(_MEANING, wordWrap=True), self.message, self.buttons):
            layout.addWidget(widget)

    def choose(self, folder: Path) -> None:
        """Look at a folder, and where in it images and masks are."""
        try:
            images, labels = find_folders(folder)
        except OSError as error:
            self._say(f"{folder} cannot be read: {error.strerror or error}.")
            return
        self.look(images, labels)

    def look(self, images: Path, labels: Path) -> None:
        """Look at two folders, or at one that has both; the window goes on meanwhile."""
        self._folders = images, labels
        self.found = None
        self.message.clear()
        self.table.clear()
        for label, folder in ((self.images_label, images), (self.labels_label, labels)):
            label.set_wordings((str(folder), f"\u2026/{folder.name}"))
        self.summary.setText("Looking at the files\u2026")
        self._allow(0)
        run_errand(lambda: _check(images, labels), self._on_checked, (images, labels))

    def _on_checked(self, found: CheckedFolder | str | Failed, folders: tuple[Path, Path]) -> None:
        if folders != self._folders:
            return  # others were chosen meanwhile
        if isinstance(found, CheckedFolder):
            self.found = found
            self.table.addTopLevelItems(list(_rows(found)))
            self.summary.setText(summarize_pairs(found))
            self._allow(len(found.usable))
        else:
            self._say(found.message if isinstance(found, Failed) else found)

    def _say(self, sentence: str) -> None:
        self.summary.setText("")
        self._allow(0)
        self.message.show_text(sentence, "error", None)

    def _allow(self, n: int) -> None:
        self.add_button.setEnabled(n > 0)
        self.add_button.setText(f"Add {n} images" if n != 1 else "Add 1 image")

    def _on_images(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "The folder of the images", str(self._folders[0]))
        if folder:
            self.choose(Path(folder))

    def _on_labels(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "The folder of the masks", str(self._folders[1]))
        if folder:
            self.look(self._folders[0], Path(folder))

    def _on_add(self) -> None:
        if self.found is not None and self.found.usable:
            pairs: tuple[Pair, ...] = self.found.usable
            self.accept()
            self.added.emit(pairs)


def _check(images: Path, labels: Path) -> CheckedFolder | str:
    try:
        return check_folder(images, labels)
    except UserError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or images} cannot be read: {error.strerror or error}."


def _rows(found: CheckedFolder) -> Iterable[QTreeWidgetItem]:
    """What does not fit and what is alone comes first: it is to be looked at."""
    for one in found.checked:
        if one.problem:
            yield _row(one.pair.image.name, one.pair.labels.name, "does not fit", one.problem)
    for path, near in found.pairing.lonely.items():
        tip = f"No masks of this name. Nearest: {', '.join(near)}" if near else "No masks of this name."
        yield _row(path.name, f"none (nearest: {near[0]})" if near else "none", _ALONE, tip)
    for path in found.pairing.spare:
        yield _row("none", path.name, _ALONE, "No image of this name.")
    for one in found.checked:
        if not one.problem:
            yield _row(one.pair.image.name, one.pair.labels.name, _FITS, f"{one.pair.image}\n{one.pair.labels}")


def _row(image: str, labels: str, state: str, tip: str) -> QTreeWidgetItem:
    row = QTreeWidgetItem([image, labels, state])
    for column in range(3):
        row.setToolTip(column, tip)
    row.setTextAlignment(2, Qt.AlignmentFlag.AlignCenter)
    row.setData(0, Qt.ItemDataRole.UserRole, state == _FITS)
    return row


def summarize_pairs(found: CheckedFolder) -> str:
    """For example "30 pairs fit. 1 does not fit in shape. 2 images and 1 file of masks have no partner."."""
    n, wrong = len(found.usable), len(found.checked) - len(found.usable)
    lonely, spare = len(found.pairing.lonely), len(found.pairing.spare)
    if not (found.checked or lonely or spare):
        return "There are no images here: choose the folder that they are in."
    parts = [f"{n} pair fits." if n == 1 else f"{n} pairs fit."]
    if wrong:
        parts.append(f"{wrong} {'does' if wrong == 1 else 'do'} not: rest the mouse there to see why.")
    if lonely or spare:
        alone = [f"{lonely} {'image' if lonely == 1 else 'images'}"] * bool(lonely)
        alone += [f"{spare} {'file' if spare == 1 else 'files'} of masks"] * bool(spare)
        told = "has no partner, and is" if lonely + spare == 1 else "have no partner, and are"
        parts.append(f"{' and '.join(alone)} {told} left out.")
    return " ".join(parts)
