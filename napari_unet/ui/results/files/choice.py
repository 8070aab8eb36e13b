"""Which files are segmented, how, and where their labels go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_unet.errors import UserError
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.number_field import NumberField
from napari_unet.ui.widgets.step import enable
from napari_unet.workflows.files.batch_journal import BatchJournal
from napari_unet.workflows.files.batch_plan import expand_inputs, plan_outputs

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session

_BETWEEN = "; "


@dataclass(frozen=True)
class FilesPlan:
    """Images with the files for their labels; `left` have labels that no batch wrote, and are not touched."""

    targets: dict[Path, Path]
    left: frozenset[Path]
    folders: tuple[Path, ...]
    folder: Path | None


class FilesChoice(QWidget):
    """A form. `changed`: other files are chosen; `refused`: a sentence, and the field that it is about."""

    changed = Signal()
    refused = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.images_edit = QLineEdit(toolTip="A folder of images, a pattern such as C:/data/*_dapi.tif, or files")
        self.images_edit.setPlaceholderText("a folder of images, or a pattern")
        self.labels_edit = QLineEdit(toolTip="Labels are called <image>_labels.tif")
        self.labels_edit.setPlaceholderText("beside each image")
        self.folder_button = QPushButton("Folder...", toolTip="Choose a folder of images")
        self.files_button = QPushButton("Files...", toolTip="Choose image files")
        self.here_button = QPushButton("Images here", toolTip="The images of the project, and those that are open")
        self.labels_button = QPushButton("Folder...", toolTip="Choose where the labels go")
        self.model_label = QLabel()
        self.diameter = NumberField(SegmentConfig.model_fields["diameter"], "px")
        self.leave_box = QCheckBox("Leave labels that somebody else wrote", checked=True)
        self.leave_box.setToolTip("Files that have labels which were not written here are not segmented")
        self._lay_out()
        self._buttons = (self.folder_button, self.files_button, self.here_button, self.labels_button)
        self.folder_button.clicked.connect(self._on_folder)
        self.files_button.clicked.connect(self._on_files)
        self.here_button.clicked.connect(self._on_here)
        self.labels_button.clicked.connect(self._on_labels)
        self.images_edit.editingFinished.connect(self.changed)
        self.labels_edit.editingFinished.connect(self.changed)
        self.leave_box.toggled.connect(lambda on: self.changed.emit())
        self.diameter.refused.connect(lambda text: text and self.refused.emit(text, self.diameter))
        self.show_model()

    def _lay_out(self) -> None:
        layout, form = QVBoxLayout(self), QGridLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        form.addWidget(caption("Images", self.images_edit), 0, 0)
        form.addWidget(self.images_edit, 0, 1)
        form.addWidget(self.folder_button, 0, 2)
        form.addWidget(self.files_button, 0, 3)
        form.addWidget(self.here_button, 0, 4)
        form.addWidget(caption("Labels go to", self.labels_edit), 1, 0)
        form.addWidget(self.labels_edit, 1, 1)
        form.addWidget(self.labels_button, 1, 2)
        form.addWidget(QLabel("Model"), 2, 0)
        form.addWidget(self.model_label, 2, 1, 1, 4)
        form.addWidget(caption("Diameter", self.diameter), 3, 0)
        form.addWidget(self.diameter, 3, 1)
        layout.addLayout(form)
        layout.addWidget(self.leave_box)

    def show_model(self) -> None:
        """Say which model is used: the one of the step Segment."""
        entry = self._session.model_entry
        self.model_label.setText("none: choose one in Segment" if entry is None else f"{entry.name} (as in Segment)")

    def allow(self, reason: str | None) -> None:
        """Whether another choice can be made; `reason` says why not."""
        for widget in (*self._buttons, self.images_edit, self.labels_edit, self.diameter, self.leave_box):
            enable(widget, reason)

    def settle(self) -> bool:
        """Take over what was typed; False if the diameter is none, which is told."""
        return self.diameter.settle()

    @property
    def config(self) -> SegmentConfig:
        return SegmentConfig(diameter=self.diameter.value)

    def plan(self) -> FilesPlan | None:
        """The files as they are now; None, and a sentence is told, if there are none."""
        inputs = [Path(text.strip()).expanduser() for text in self.images_edit.text().split(";") if text.strip()]
        if not inputs:
            return None
        try:
            paths = expand_inputs(inputs)
            targets = plan_outputs(paths, self._folder)
        except UserError as error:
            self.refused.emit(str(error), self.images_edit)
            return None
        journal = BatchJournal("", {})
        left = [
            path for path, target in targets.items()
            if self.leave_box.isChecked() and target.exists() and not journal.knows(target)
        ]  # fmt: skip
        folders = tuple(path for path in inputs if path.is_dir() and path.suffix != ".zarr")
        return FilesPlan(targets, frozenset(left), folders if len(folders) == len(inputs) else (), self._folder)

    def target_of(self, path: Path) -> Path:
        """Where the labels of an image go."""
        return plan_outputs([path], self._folder)[path]

    @property
    def _folder(self) -> Path | None:
        text = self.labels_edit.text().strip()
        return Path(text).expanduser() if text else None

    def _on_folder(self) -> None:
        self.choose([QFileDialog.getExistingDirectory(self, "A folder of images", self.images_edit.text())])

    def _on_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Images", self.images_edit.text())
        self.choose(paths)

    def _on_here(self) -> None:
        project = get_keeper(self._session).project
        listed = [] if project is None or project.closed else [one.path for one in project.images().values()]
        paths = [*(Path(path) for path in listed if path), *(work.image.path for work in self._session.works)]
        there = [str(path) for path in dict.fromkeys(paths) if path is not None and path.exists()]
        if there:
            self.choose(there)
        else:
            self.refused.emit("No image here came from a file: choose a folder, or files.", self.images_edit)

    def choose(self, paths: list[str]) -> None:
        """Take these files or folders; nothing chosen changes nothing."""
        if any(paths):
            self.images_edit.setText(_BETWEEN.join(paths))
            self.changed.emit()

    def _on_labels(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the labels go", self.labels_edit.text())
        if folder:
            self.labels_edit.setText(folder)
            self.changed.emit()
