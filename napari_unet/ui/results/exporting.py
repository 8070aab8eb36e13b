"""Writing the labels for other programs: which format, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.events import Finished, StopFlag
from napari_unet.ui.results.given_classes import given_classes
from napari_unet.ui.session.history.label_stores import lies_on_disk
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.results.exports.object_classes import ObjectClasses
    from napari_unet.ui.session.image_work import ImageWork

# What to say of each format of results.exports.formats, which imports the libraries that it writes with.
FORMATS = {
    "imagej": ("ImageJ / Fiji ROIs", "A zip of outlines for ImageJ's ROI Manager, one an object and slice."),
    "geojson": ("QuPath GeoJSON", "Outlines that QuPath opens as detections: drop the file onto its image."),
    "ome-tiff": ("OME-TIFF labels", "An image of ids that ImageJ, CellProfiler, QuPath and napari open."),
    "ome-zarr": ("OME-Zarr 0.5", "Labels as a Zarr v3 group, for large images and viewers on the web."),
    "ome-zarr-0.4": ("OME-Zarr 0.4", "As OME-Zarr 0.5, for programs that do not read Zarr v3 yet."),
    "png": ("Masks as PNG or TIFF", "One plain image of ids, as Cellpose has them; TIFF for stacks and many objects."),
    "coco": ("COCO, run lengths", "For training other networks; every pixel is kept."),
    "coco-polygons": ("COCO, polygons", "For training other networks that read polygons only."),
    "ctc": ("Cell Tracking Challenge", "A folder of a time-lapse: an image of ids a frame, and the lineage."),
}


def export_in_background(work: ImageWork, name: str, folder: Path, force: bool) -> tuple[Iterator[Any], StopFlag]:
    """The events of writing a copy of the labels, for the worker thread, and the flag to stop them by.

    Labels that are too large for memory are written as they lie there, with what is painted meanwhile.
    """
    data = present(work.labels) if lies_on_disk(work) else present(work.labels).copy()
    labels = replace(work.grey, data=data, name=export_stem(work.image))
    return _export(labels, name, folder, force, given_classes(work)), StopFlag()


def _export(labels: Image, name: str, folder: Path, force: bool, classes: ObjectClasses) -> Iterator[Any]:
    from napari_unet.results.exports.formats import export_labels

    yield Finished(export_labels(labels, name, folder, force, classes))


def export_stem(image: Image) -> str:
    """What a file about this image is called, before its ending."""
    from napari_unet.images.files.reading import image_name

    return image.name if image.path is None else image_name(image.path)


class ExportDialog(QDialog):
    """Asks for the format and the folder; `choice` is (format, folder, whether to overwrite)."""

    def __init__(self, folder: Path, has_time: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the labels")
        self.format_box, self.about = QComboBox(), QLabel(wordWrap=True)
        for name, (title, about) in FORMATS.items():
            if name != "ctc" or has_time:
                self.format_box.addItem(title, (name, about))
        self.folder_edit = QLineEdit(str(folder), toolTip="Where the file goes; it is called after the image")
        self.browse_button = QPushButton("Browse...", toolTip="Choose the folder")
        self.force_box = QCheckBox("Overwrite what is there")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Export")
        self._lay_out()
        self.format_box.currentIndexChanged.connect(self._show_meaning)
        self.browse_button.clicked.connect(self._on_browse)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._show_meaning()

    @property
    def choice(self) -> tuple[str, Path, bool]:
        return (
            self.format_box.currentData()[0],
            Path(self.folder_edit.text()).expanduser(),
            self.force_box.isChecked(),
        )

    def _lay_out(self) -> None:
        form, row, layout = QFormLayout(), QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.folder_edit, 1)
        row.addWidget(self.browse_button)
        form.addRow("Format", self.format_box)
        form.addRow("", self.about)
        form.addRow("Folder", row)
        form.addRow("", self.force_box)
        layout.addLayout(form)
        layout.addWidget(self.buttons)
        self.about.setMinimumHeight(2 * self.about.fontMetrics().height())
        self.setMinimumWidth(460)

    def _show_meaning(self) -> None:
        self.about.setText(self.format_box.currentData()[1])

    def _on_browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Where the labels go", self.folder_edit.text())
        if folder:
            self.folder_edit.setText(folder)
