"""The Results step: what comes of the labels of the current image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QPushButton

from napari_unet.errors import UserError
from napari_unet.events import Failed, StopFlag
from napari_unet.results.measurements.headings import heading_of
from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.canvas.picking import ObjectPicker
from napari_unet.ui.results.colouring import ValueColours
from napari_unet.ui.results.column_list import ColumnList
from napari_unet.ui.results.exporting import ExportDialog, export_in_background
from napari_unet.ui.results.limits_form import LimitsForm
from napari_unet.ui.results.measuring import OWNER, Measuring
from napari_unet.ui.results.object_table import ObjectTable
from napari_unet.ui.results.picturing import PictureDialog, PictureOrder, picture_in_background
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable

if TYPE_CHECKING:
    from napari_unet.ui.results.files.window import FilesWindow
    from napari_unet.ui.results.measuring import Measured
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

NO_LABELS = "Segment the image first, or choose labels of your own."
BUSY = "Wait until the work in progress has ended, or stop it."
NOT_MEASURED = "Measure the objects first."
_PICTURES = "PNG (*.png);;PDF (*.pdf);;SVG (*.svg)"
_TABLES = "CSV (*.csv);;Excel (*.xlsx);;Parquet (*.parquet);;Tab-separated (*.tsv)"


class ResultsStep(Step):
    """Measure, look at objects one by one, save tables, and export."""

    title = "Results"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.measuring = Measuring(session)
        self.camera = session.service(ReviewCamera)
        self.picker = ObjectPicker(session, self._is_free, self)
        self.measure_button = QPushButton("Measure", toolTip="Make a table of all objects of this image")
        self.columns = ColumnList()
        self.columns_fold = Fold("Columns", self.columns)
        self.progress = ProgressLine()
        self.table = ObjectTable()
        self.colours, self.limits = ValueColours(session), LimitsForm(session)
        self.limits_fold = Fold("Limits", self.limits)
        self.save_button = QPushButton("Save table...", toolTip="Write the table as CSV, Excel or Parquet")
        self.export_button = QPushButton("Export...", toolTip="Write the labels for ImageJ, QuPath and other programs")
        self.picture_button = QPushButton("Picture...", toolTip="This slice with outlines and a scale bar, for a talk")
        self.files_button = QPushButton(
            "Segment files...", toolTip="A folder of images with the same model and settings"
        )
        self.files_window: FilesWindow | None = None
        self._lay_out_body()
        self._connect()
        self._on_current()

    def _lay_out_body(self) -> None:
        head, buttons = QHBoxLayout(), QGridLayout()
        head.addWidget(self.measure_button, 1)
        buttons.addWidget(self.save_button, 0, 0)
        buttons.addWidget(self.export_button, 0, 1)
        buttons.addWidget(self.picture_button, 1, 0)
        buttons.addWidget(self.files_button, 1, 1)
        self.body_layout.addLayout(head)
        for widget in (self.columns_fold, self.table, self.colours, self.limits_fold):
            self.body_layout.addWidget(widget)
        self.body_layout.addLayout(buttons)
        self.pin(self.progress)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self._on_current)
        listen(self, session.image_changed, self._on_labels)
        listen(self, session.labels_changed, self._on_labels)
        listen(self, session.images_changed, self._on_images)
        listen(self, session.jobs.changed, self._on_job)
        get_trackers(session).changed.connect(self._on_labels)
        listen(self, self.measuring.advanced, self._on_advanced)
        listen(self, self.measuring.ended, self._on_ended)
        listen(self, self.measuring.changed, self._on_measured)
        self.measure_button.clicked.connect(self.measure)
        self.columns.form.changed.connect(self._show_axes)
        self.progress.stop_clicked.connect(lambda: session.jobs.stop(OWNER))
        self.table.row_chosen.connect(self.go_to)
        self.picker.clicked.connect(self.select_at)
        self.limits.changed.connect(self.table.rows.keep_rows)
        self.limits.removed.connect(self._on_removed)
        self.save_button.clicked.connect(self._on_save)
        self.export_button.clicked.connect(self._on_export)
        self.picture_button.clicked.connect(self._on_picture)
        self.files_button.clicked.connect(self.show_files)

    # -- showing the session's state ------------------------------------------------------------------------------

    @property
    def work(self) -> ImageWork | None:
        return self.session.current

    @property
    def measured(self) -> Measured | None:
        """What was measured of the current image."""
        return self.measuring.of(self.work)

    def _on_current(self) -> None:
        self.drop_message_of_others()
        self._show_axes()
        self._show_table()
        self._on_job()

    def _show_axes(self) -> None:
        self.columns.show_axes("YX" if self.work is None else self.work.axes)

    def _show_table(self) -> None:
        measured = self.measured
        located = None if measured is None else measured.located
        self.table.show_table(located, self._heading)
        self.colours.show_table(self.work, measured, self._heading)
        self.limits.show_table(self.work, measured, self._heading)
        for widget in (self.table, self.limits_fold):
            widget.setVisible(located is not None)

    def _heading(self, name: str) -> str:
        measured = present(self.measured)
        return heading_of(name, measured.units, measured.located.space, measured.channels)

    def _on_labels(self, work: object) -> None:
        if work is self.work:
            self._on_job()

    def _on_images(self) -> None:
        self.measuring.forget_gone()

    def _on_job(self) -> None:
        """Enable what can be done now, and say the state in the header."""
        labels = None if self.work is None else self.work.labels
        busy = BUSY if self.session.job is not None else None
        no_labels = NO_LABELS if labels is None else None
        enable(self.measure_button, no_labels or busy)
        enable(self.export_button, no_labels or busy)
        enable(self.picture_button, no_labels or busy)
        enable(self.save_button, NOT_MEASURED if self.measured is None else None)
        if self.session.job is None or self.session.job.owner != OWNER:
            self.progress.end()
        elif self.session.job.stopping:
            self.progress.stopping()
        self._say_state()

    def _say_state(self) -> None:
        measured = self.measured
        if measured is None:
            self.set_state("table, export, all files")
            return
        count = f"{len(measured.located):,} objects"
        if self.measuring.is_outdated(present(self.work)):
            self.set_state(f"{count}, labels changed since: measure again", "measure again")
        else:
            self.set_state(f"{count} measured", count)

    # -- measuring ------------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """Measure the objects of the current image."""
        work = self.work
        if work is None or not self.measure_button.isEnabled():
            return
        self.clear_message()
        config = self.columns.config
        if not config.columns:
            self.columns_fold.heading.setChecked(True)
            self.show_message("Nothing is ticked: tick what is to be measured.", self.columns.list)
            return
        if self.measuring.start(work, config):
            self.progress.begin("Measuring the objects")

    def _on_advanced(self, event: Any) -> None:
        self.progress.advance(event.done, event.total, "Measuring the objects")

    def _on_ended(self, work: object, failed: Failed | None) -> None:
        if failed is not None and work is self.work:
            self.show_message(failed.message, self.measure_button)
        self._on_job()

    def _on_measured(self, work: object) -> None:
        if work is self.work:
            self._show_table()

    # -- table and canvas -----------------------------------------------------------------------------------------

    def _is_free(self) -> bool:
        """Whether a click on the canvas may mean a row: no tool is in the hand."""
        layer = None if self.work is None else self.work.labels_layer
        return (
            self.measured is not None and layer is not None and layer.mode in ("pan_zoom", "pick") and layer.mouse_pan
        )

    def go_to(self, row: int) -> None:
        """Show the object of a row of the table on the canvas, and have it selected in its layer."""
        work, measured = present(self.work), present(self.measured)
        if work.labels is None:
            return
        label = int(measured.located.table["label"].iloc[row])
        place = measured.located.place_of(row, work.labels)
        if place is None:
            self.show_message(f"Object {label} is not where it was measured: measure again.", self.measure_button)
            return
        self.camera.go_to(work, *place)
        present(work.labels_layer).selected_label = label

    def select_at(self, position: Any) -> None:
        """Select the row of the object at a place of the world."""
        found, measured = self.picker.object_at(position), self.measured
        if found is not None and measured is not None:
            self.table.select(measured.located.find(*found))

    def _on_removed(self, count: int) -> None:
        words = "1 object" if count == 1 else f"{count:,} objects"
        self.show_message(f"Removed {words}. Ctrl+Z over the canvas brings them back; measure again.", kind="info")

    # -- many files -----------------------------------------------------------------------------------------------

    def show_files(self) -> None:
        """Show the window for many files."""
        from napari_unet.ui.results.files.window import FilesWindow

        if self.files_window is None:
            self.files_window = FilesWindow(self.session, lambda: self.columns.config, self)
        self.files_window.show()
        self.files_window.raise_()

    # -- files ----------------------------------------------------------------------------------------------------

    def _on_save(self) -> None:
        name = f"{present(self.work).image.name}_objects.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Save the table", name, _TABLES)
        if path:
            self.save_table(Path(path))

    def save_table(self, path: Path) -> None:
        """Write the table of the current image in the format of the ending."""
        from napari_unet.results.measurements.table_files import write_table

        try:
            written = write_table(
                path if path.suffix else path.with_suffix(".csv"), present(self.measured).located.table
            )
        except UserError as error:
            self.show_message(str(error), self.save_button)
            return
        self.show_message(f"Written: {written}", kind="info")

    def _on_picture(self) -> None:
        work = present(self.work)
        dialog = PictureDialog(work, self)
        if not dialog.exec():
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save the picture", f"{work.image.name}.png", _PICTURES)
        if path:
            self.draw_picture(dialog.order, Path(path) if Path(path).suffix else Path(path).with_suffix(".png"))

    def draw_picture(self, order: PictureOrder, path: Path) -> None:
        """Draw the slice in view into a file."""
        work = present(self.work)
        events = picture_in_background(self.session, work, order, path)
        self._start(events, StopFlag(), self._on_drawn, "Drawing the picture", work)

    def _on_drawn(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.show_message(outcome.message, self.picture_button)
        elif outcome is not None:
            self.show_message(f"Written: {outcome.result}", kind="info")

    def _start(
        self, events: Iterator[Any], stop: StopFlag, on_finished: Callable[[Any], None], words: str, work: ImageWork
    ) -> None:
        """Run what takes a while and shows no steps."""
        self.clear_message()
        self.progress.begin(words)
        self.session.jobs.start(events, stop, None, on_finished, f"{words} of {work.name}", OWNER, [work])
        self._on_job()

    def _on_export(self) -> None:
        dialog = ExportDialog(present(self.work), self)
        if dialog.exec():
            self.export(*dialog.choice)

    def export(self, name: str, folder: Path, force: bool = False) -> None:
        """Write the labels of the current image into `folder` in the format called `name`."""
        work = present(self.work)
        if self.session.job is not None or work.labels is None:
            return
        events, stop = export_in_background(work, name, folder, force)
        self._start(events, stop, self._on_exported, "Writing the labels", work)

    def _on_exported(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.show_message(outcome.message, self.export_button)
        elif outcome is not None:
            written = outcome.result
            path = written.paths[0] if len(written.paths) == 1 else written.paths[0].parent
            told = [f"{written.objects:,} objects written: {path}", *written.differences]
            self.show_message("\n".join(told), kind="info")
