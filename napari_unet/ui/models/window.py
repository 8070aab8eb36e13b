"""The window that lists the models: where each came from, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.images.channels import count_channels
from napari_unet.models import library
from napari_unet.models.model_file import read_kind_pictures
from napari_unet.ui.canvas.classes import class_names_of
from napari_unet.ui.models.exporting import ask_and_export, ask_and_import
from napari_unet.ui.models.new_model import NewModelDialog
from napari_unet.ui.models.pictures import KindPictures
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.step import MessageLine, enable

if TYPE_CHECKING:
    from napari_unet.models.library import ModelEntry

COLUMNS = ("Model", "Came from", "Learned from", "Date", "Score")
_SCORE_HELP = (
    "AP@0.5: share of objects found with at least half overlap, among all found or missed. Of models for classes "
    "mean IoU: agreement in area. 1 is perfect."
)


class ModelsWindow(QDialog):
    """Lists the models of the library; not modal, so that work goes on beside it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Models")
        self.tree = QTreeWidget()
        self.details, self.message = QLabel(wordWrap=True), MessageLine()
        self.pictures = KindPictures()
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        listen(self, session.models_changed, self._on_models_changed)
        listen(self, session.model_changed, self._on_models_changed)
        listen(self, session.jobs.changed, self._on_selected)
        self.tree.itemSelectionChanged.connect(self._on_selected)
        self.tree.itemDoubleClicked.connect(lambda *_: self._on_use())
        self._on_models_changed()

    def _lay_out(self) -> None:
        self.tree.setHeaderLabels(COLUMNS)
        self.tree.setAccessibleName("Models")
        self.tree.headerItem().setToolTip(4, _SCORE_HELP)
        self.tree.setRootIsDecorated(False)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout, about = QVBoxLayout(self), QHBoxLayout()
        about.addWidget(self.details, 1)
        about.addWidget(self.pictures)
        layout.addWidget(self.tree, 1)
        layout.addLayout(about)
        layout.addWidget(self.message)
        layout.addLayout(self._make_buttons())
        self.resize(720, 460)

    def _make_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        actions: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("Use", "Segment with this model from now on", self._on_use),
            ("Rename...", "Give this model another name", self._on_rename),
            ("Delete...", "Delete this model's file", self._on_delete),
            ("Export...", "Write this model to a file, to keep, to pass on, or for other programs", self._on_export),
            (
                "Import...",
                "Add a model file, or a BioImage.IO package with ONNX, to the list",
                self._on_import,
            ),
            ("New model...", "Start from scratch, where no model comes near", self._on_new),
            ("Class names...", "Name the classes that this model tells apart", self._on_classes),
            ("Use the shipped model", "Go back to the model that came with the program", self._on_reset),
        )
        for number, (text, tip, action) in enumerate(actions):
            button = self.buttons[text] = QPushButton(text, toolTip=tip, autoDefault=False)
            button.clicked.connect(action)
            grid.addWidget(button, number // 4, number % 4)
        return grid

    # -- showing --------------------------------------------------------------------------------------------------

    def _on_models_changed(self) -> None:
        chosen = self.selected
        used = self.session.model_entry
        entries, broken = library.scan_models()
        self.tree.clear()
        for entry in entries:
            item = QTreeWidgetItem(_row(entry))
            item.setData(0, Qt.ItemDataRole.UserRole, entry)
            font = item.font(0)
            font.setBold(used is not None and entry.sha256 == used.sha256)
            item.setFont(0, font)
            self.tree.addTopLevelItem(item)
        self.select(chosen.name if chosen is not None else used.name if used is not None else "")
        if broken:
            self.message.show_text(broken[0].message, "error", None)
        self._on_selected()

    def select(self, name: str) -> None:
        """Select the model called `name`, if it is in the list."""
        for number in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(number)
            if item.data(0, Qt.ItemDataRole.UserRole).name == name:
                self.tree.setCurrentItem(item)

    @property
    def selected(self) -> ModelEntry | None:
        items = self.tree.selectedItems()
        return items[0].data(0, Qt.ItemDataRole.UserRole) if items else None

    def _on_selected(self) -> None:
        entry = self.selected
        self.details.setText("" if entry is None else _describe(entry))
        self.pictures.show_kinds([] if entry is None else read_kind_pictures(entry.path, entry.record))
        none = None if entry is not None else "Select a model first."
        own = none or ("This model ships with the program and stays as it is." if present(entry).shipped else None)
        busy = "Wait until the work in progress has ended, or stop it." if self.session.job is not None else None
        enable(self.buttons["Use"], none or busy)
        enable(self.buttons["Export..."], none)
        enable(self.buttons["Rename..."], own or busy)
        enable(self.buttons["Delete..."], own or busy)
        objects = None if entry is None or class_names_of(entry.record) else "This model finds objects, not classes."
        enable(self.buttons["Class names..."], own or objects or busy)
        enable(self.buttons["New model..."], busy)
        enable(self.buttons["Use the shipped model"], busy)

    # -- what the user does ---------------------------------------------------------------------------------------

    def _on_use(self) -> None:
        if self.selected is not None and self.buttons["Use"].isEnabled():
            self._try(lambda: self.session.use_model(present(self.selected).name))

    def _on_reset(self) -> None:
        self._try(lambda: self.session.use_model(None))

    def _on_rename(self) -> None:
        entry = present(self.selected)
        name, accepted = QInputDialog.getText(self, "Rename the model", "New name", text=entry.name)
        if accepted and name.strip() != entry.name:
            self._try(lambda: self._rename(entry, name))

    def _rename(self, entry: ModelEntry, name: str) -> None:
        used = self.session.model_entry
        renamed = library.rename_model(entry.name, name)
        if used is not None and used.sha256 == entry.sha256:
            self.session.use_model(renamed.name)
        self.select(renamed.name)

    def _on_delete(self) -> None:
        entry = present(self.selected)
        # The one thing here that cannot be undone, so the one dialog that asks.
        question = f"Delete the model {entry.name} for good? This cannot be undone."
        buttons = QMessageBox.StandardButton
        if QMessageBox.question(self, "Delete the model", question, buttons.Yes | buttons.Cancel) == buttons.Yes:
            self._try(lambda: self._delete(entry))

    def _delete(self, entry: ModelEntry) -> None:
        used = self.session.model_entry
        library.remove_model(entry.name)
        if used is not None and used.sha256 == entry.sha256:
            self.session.use_model(None)

    def _on_export(self) -> None:
        self._try(lambda: self._export(present(self.selected)))

    def _export(self, entry: ModelEntry) -> None:
        work = self.session.current
        n_channels = entry.record.architecture.in_channels
        fits = work is not None and n_channels in (1, count_channels(work.image))
        path = ask_and_export(entry, present(work).image.path if fits else None, self)
        if path is not None:
            self.message.show_text(f"Written: {path}", "info", None)

    def _on_import(self) -> None:
        self._try(self._import)

    def _import(self) -> None:
        entry = ask_and_import(self)
        if entry is not None:
            self.select(entry.name)

    def _on_new(self) -> None:
        work = self.session.current
        dialog = NewModelDialog(1 if work is None else count_channels(work.image), self)
        if dialog.exec():
            self._try(lambda: self._make(*dialog.choice))

    def _make(self, name: str, task: str, names: tuple[str, ...], channels: int) -> None:
        from napari_unet.heads.new_model import new_model

        saved = library.save_to_library(new_model(name, task, names, channels))
        self.session.use_model(saved.name)
        self.select(saved.name)

    def _on_classes(self) -> None:
        entry = present(self.selected)
        known = ", ".join(entry.record.class_names)
        names, accepted = QInputDialog.getText(self, "Class names", "Names from value 0, commas between", text=known)
        if accepted and names != known:
            self._try(lambda: self._name_classes(entry, names.split(",")))

    def _name_classes(self, entry: ModelEntry, names: list[str]) -> None:
        used = self.session.model_entry
        renamed = library.rename_classes(entry.name, names)
        for work in self.session.works:
            if work.class_names and work.segmented_by == entry.name:
                work.class_names = renamed.record.class_names
        if used is not None and used.sha256 == entry.sha256:
            self.session.use_model(renamed.name)

    def _try(self, action: Callable[[], object]) -> None:
        self.message.clear()
        try:
            action()
        except UserError as error:
            self.message.show_text(str(error), "error", None)


def _row(entry: ModelEntry) -> list[str]:
    record = entry.record
    origin = "shipped" if entry.shipped else record.parent_name or ("new" if record.untrained else "imported")
    count = len(record.training.images)
    one, many = ("data set", "data sets") if entry.shipped else ("image", "images")
    learned = f"{count} {one if count == 1 else many}, {record.training.n_objects:,} objects" if count else ""
    return [entry.name, origin, learned, f"{record.created:%Y-%m-%d %H:%M}", _score(record.scores)]


def _score(scores: dict[str, float]) -> str:
    """The score after training, and before it where that is known: "0.61 to 0.84"."""
    key, name = ("mean_iou", "mean IoU") if "mean_iou" in scores else ("ap50", "AP@0.5")
    after, before = scores.get(key), scores.get(f"{key}_before")
    if after is None:
        return ""
    return f"{name} {after:.2f}" if before is None else f"{name} {before:.2f} to {after:.2f}"


def _describe(entry: ModelEntry) -> str:
    record = entry.record
    lines = [record.description] if record.description else []
    if record.training.images:
        names = [Path(name).name for name in record.training.images]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        lines.append(f"Learned from {', '.join(names[:3])}{more}.")
    if record.training.n_corrected:
        lines.append(f"{record.training.n_corrected} objects were corrected.")
    if record.untrained:
        lines.append("Has learned nothing yet: review some of an image, then fine-tune.")
    if classes := class_names_of(record):
        lines.append(f"Classes: {', '.join(f'{value} {name}' for value, name in enumerate(classes))}.")
    else:
        lines.append(f"Object size {record.diameter:.0f} px.")
    n = record.architecture.in_channels
    lines.append(f"Axes {record.axes}{f', {n} channels together' if n > 1 else ''}.")
    return " ".join(lines)
