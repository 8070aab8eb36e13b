"""The Image step: which layer is worked on, what it is, and its axes and channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from magicgui.widgets import create_widget
from napari.layers import Image as ImageLayer
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import IncompleteError, UserError
from napari_unet.ui.images.adding import OWNER, PairAdder
from napari_unet.ui.images.existing import ExistingLabels
from napari_unet.ui.images.pairs_window import PairsWindow
from napari_unet.ui.session.keeping.losses import get_losses
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable
from napari_unet.workflows.pairing import Pair

SAMPLE = "membranes"
_FILES = "Images (*.tif *.tiff *.btf *.lsm *.stk *.png *.jpg *.jpeg);;All files (*)"
_AXES_HELP = (
    "What each axis of the image is, in order: T time, Z depth, C channel, Y rows, X columns, S colour samples. "
    "Change it if it was guessed wrongly, and press Enter."
)


class ImageStep(Step):
    """Choose or open an image, see what was found, mend its axes, choose the channel."""

    title = "Image"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.layer_choice = create_widget(annotation=ImageLayer, options={"choices": lambda _: session.image_layers()})
        self.layer_box = _narrow(self.layer_choice.native, "The image layer to work on")
        self.layer_box.setAccessibleName("Image")
        self.open_button = self._make_open_button()
        self.sample_button = QPushButton("Try a sample", toolTip="Open a small image that comes with the program")
        self.existing_button = QPushButton("Use existing labels...")
        self.existing_button.setToolTip("You have labels of this image: correct them, or let the model learn from them")
        self.found, self.progress = QLabel(wordWrap=True), ProgressLine()
        self.existing, self.pairs, self.adder = (
            ExistingLabels(session, self),
            PairsWindow(self),
            PairAdder(session, self),
        )
        self.axes_edit, self.channel_box = QLineEdit(), _narrow(QComboBox(), "The channel to segment")
        self._lay_out_body()
        self._connect()
        self._on_images_changed()
        self._on_current_changed()

    # -- building -------------------------------------------------------------------------------------------------

    def _make_open_button(self) -> QPushButton:
        button = QPushButton("Open...", toolTip="Open TIFF, OME-TIFF, LSM, PNG or JPEG files, or an OME-Zarr folder")
        menu = QMenu(button)
        menu.addAction("Image files...", self._on_open)
        menu.addAction("OME-Zarr folder...", self._on_open_folder)
        menu.addSeparator()
        menu.addAction("Folder of images and masks...", self.choose_pairs)
        button.setMenu(menu)
        return button

    def _lay_out_body(self) -> None:
        self.empty = QWidget()
        empty = QVBoxLayout(self.empty)
        empty.setContentsMargins(0, 0, 0, 0)
        hint = QLabel("Open an image, drop a file onto the canvas, or try a sample.", wordWrap=True)
        empty.addWidget(hint)
        row = QHBoxLayout()
        row.addWidget(self.layer_box, 1)
        row.addWidget(self.open_button)
        row.addWidget(self.sample_button)
        self.details = QWidget()
        details = QHBoxLayout(self.details)
        details.setContentsMargins(0, 0, 0, 0)
        self.axes_edit.setToolTip(_AXES_HELP)
        self.axes_edit.setMaximumWidth(80)
        self._channel_label = caption("Channel", self.channel_box)
        details.addWidget(caption("Axes", self.axes_edit))
        details.addWidget(self.axes_edit)
        details.addWidget(self._channel_label)
        details.addWidget(self.channel_box, 1)
        details.addStretch(0)
        self.body_layout.addWidget(self.empty)
        self.body_layout.addLayout(row)
        self.body_layout.addWidget(self.found)
        self.body_layout.addWidget(self.details)
        self.body_layout.addWidget(self.existing_button)
        self.pin(self.progress)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.images_changed, self._on_images_changed)
        listen(self, session.current_changed, self._on_current_changed)
        listen(self, session.image_changed, self._on_current_changed)
        listen(self, session.jobs.changed, self._on_job_changed)
        self.layer_choice.changed.connect(self._on_layer_chosen)
        self.channel_box.activated.connect(self._on_channel_chosen)
        self.axes_edit.editingFinished.connect(self._on_axes_edited)
        self.sample_button.clicked.connect(self._on_sample)
        self.existing_button.clicked.connect(self.existing.ask)
        self.existing.told.connect(lambda text: self.show_message(text, self.existing_button, "info"))
        self.pairs.added.connect(self.add_pairs)
        self.adder.advanced.connect(self._on_added_one)
        self.adder.ended.connect(self._on_added)
        self.progress.stop_clicked.connect(lambda: session.jobs.stop(OWNER))

    # -- showing the session's state ------------------------------------------------------------------------------

    def _on_images_changed(self) -> None:
        layers = self.session.image_layers()
        with self.layer_choice.changed.blocked():
            self.layer_box.clear()  # or known layers would stay at their old places in the list
            self.layer_choice.reset_choices()
        self._select_current(layers)
        self.empty.setVisible(not layers)
        self.sample_button.setVisible(not layers)
        self.layer_box.setVisible(bool(layers))

    def _select_current(self, layers: Sequence[object]) -> None:
        current = self.session.current
        chosen = current.layer if current is not None else self.session.refused
        index = next((i for i, layer in enumerate(layers) if layer is chosen), -1)
        with self.layer_choice.changed.blocked():
            self.layer_box.setCurrentIndex(index)

    def _on_current_changed(self, work: object = None) -> None:
        current = self.session.current
        self._select_current(self.session.image_layers())
        self.clear_message()
        self.found.setVisible(current is not None)
        for widget in (self.details, self.existing_button):
            widget.setVisible(current is not None)
        if self.session.problem is not None:
            self.show_message(self.session.problem, self.layer_box)
            self.set_state("cannot be used")
        elif current is None:
            self.set_state("none yet")
        else:
            self._describe()
        self._on_job_changed()

    def _describe(self) -> None:
        image = present(self.session.current).image
        text = image.describe()
        parts = text.split(", ")
        self.set_state(*(", ".join(parts[:n]) for n in range(len(parts), 0, -1)))
        self.found.setText("\n".join((text, *image.notes)))
        with _blocked(self.axes_edit):
            self.axes_edit.setText(image.axes)
        count = image.sizes.get("C", 1)
        names = image.channel_names if len(image.channel_names) == count else ("",) * count
        with _blocked(self.channel_box):
            self.channel_box.clear()
            self.channel_box.addItems([f"{i + 1}: {name}" if name else f"{i + 1}" for i, name in enumerate(names)])
            self.channel_box.setCurrentIndex(present(self.session.current).channel or 0)
        for widget in (self._channel_label, self.channel_box):
            widget.setVisible(count > 1)

    def _on_job_changed(self) -> None:
        reason = "Wait until the work in progress has ended, or stop it." if self.session.job is not None else None
        for widget in (self.axes_edit, self.channel_box, self.existing_button):
            enable(widget, reason)
        self.progress.follow(self.session.job, OWNER)

    # -- what the user does ---------------------------------------------------------------------------------------

    def _on_layer_chosen(self, layer: ImageLayer | None) -> None:
        if layer is not None:
            self.session.work_on(layer)

    def _on_channel_chosen(self, index: int) -> None:
        self.session.set_channel(index)

    def _on_axes_edited(self) -> None:
        current = self.session.current
        if current is None or self.axes_edit.text() == current.image.axes:
            self.clear_message()
            return
        before = current.image.axes
        had_labels = current.labels_layer is not None
        try:
            self._set_axes(self.axes_edit.text())
        except UserError as error:
            self.show_message(str(error), self.axes_edit)
            return
        if had_labels and current.labels_layer is None:
            self.show_message(
                "The labels were made for the axes of before, and are set aside.", kind="info",
                remedy=("Undo", lambda: self._set_axes(before)),
            )  # fmt: skip

    def _set_axes(self, axes: str) -> None:
        """Labels that do not fit are kept, and come back with the axes that they were made for."""
        work = self.session.current
        if work is None:
            return
        losses = get_losses(self.session)
        losses.set_aside(work)
        reviewed = work.reviewed_layer
        self.session.set_axes(axes)
        losses.recall(work)
        if work.reviewed_layer is None and reviewed is not None and reviewed in self.session.viewer.layers:
            self.session.viewer.layers.remove(reviewed)  # over other labels it would say what nobody saw

    def _on_open(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open images", "", _FILES)
        self.open_paths([Path(path) for path in paths])

    def _on_open_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open an OME-Zarr folder")
        if folder:
            self.open_paths([Path(folder)])

    def _on_sample(self) -> None:
        from napari_unet.images.files.sample_data import sample_path

        try:
            path = sample_path(SAMPLE)
        except UserError as error:
            self.show_message(str(error), self.sample_button)
            return
        self.open_paths([path])

    # -- images with masks ----------------------------------------------------------------------------------------

    def choose_pairs(self) -> None:
        """Ask for a folder of images and masks, and show what belongs together there."""
        folder = QFileDialog.getExistingDirectory(self, "A folder of images and masks")
        if folder:
            self.pairs.show()
            self.pairs.choose(Path(folder))

    def add_pairs(self, pairs: Sequence[Pair]) -> None:
        """Have these images in the project, their masks as ground truth."""
        self.clear_message()
        try:
            self.adder.add(pairs)
        except UserError as error:
            self.show_message(str(error), self.open_button)
            return
        self.progress.begin("Reading images and masks")

    def _on_added_one(self, done: int, total: int, name: str) -> None:
        self.progress.advance(done, total, f"Added {done} of {total}: {name}")

    def _on_added(self, paths: Sequence[Path], refused: str) -> None:
        self.progress.end()
        if refused:
            self.show_message(refused, self.open_button)
        if paths and self.session.current is None:
            self.open_paths(paths[:1])  # to be looked at; the others need not be open to be learned from

    def open_paths(self, paths: Sequence[Path], incomplete: bool = False) -> None:
        """Open image files as layers; one that cannot be read gets a sentence, and nothing else changes.

        Of a file that was cut off what is whole is offered in place, and read only then (`incomplete`).
        """
        from napari_unet.images.files.reading import read_image

        for number, path in enumerate(paths):
            try:
                with _wait_cursor():
                    data, options, _ = image_to_layer(read_image(path, incomplete=incomplete))
                    layer = self.session.viewer.add_image(data, **options)
            except IncompleteError as error:
                remedy = ("Read what is whole", partial(self.open_paths, paths[number:], True))
                self.show_message(error.without_option, self.open_button, remedy=remedy)
                return
            except UserError as error:
                self.show_message(str(error), self.open_button)
                return
            self.session.work_on(layer)


def _narrow(box: QComboBox, tool_tip: str) -> QComboBox:
    """`box`, which may now be narrower than its longest entry."""
    box.setToolTip(tool_tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    return box


@contextmanager
def _blocked(widget: QWidget) -> Iterator[None]:
    blocker = QSignalBlocker(widget)
    yield
    blocker.unblock()


@contextmanager
def _wait_cursor() -> Iterator[None]:
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QApplication.restoreOverrideCursor()
