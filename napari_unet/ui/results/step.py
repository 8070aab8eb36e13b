"""The Results step: what comes of the labels of the current image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QPushButton

from napari_unet.events import Failed
from napari_unet.results.measurements.headings import heading_of
from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.canvas.picking import ObjectPicker
from napari_unet.ui.results.colouring import ValueColours
from napari_unet.ui.results.column_list import ColumnList
from napari_unet.ui.results.given_classes import with_classes
from napari_unet.ui.results.limits_form import LimitsForm
from napari_unet.ui.results.measuring import OWNER, Measuring
from napari_unet.ui.results.object_table import ObjectTableView
from napari_unet.ui.results.outputs import Outputs
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.ui.results.files.window import FilesWindow
    from napari_unet.ui.results.measuring import Measured
    from napari_unet.ui.results.plot_window import PlotWindow
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
        self.table = ObjectTableView()
        self.colours, self.limits = ValueColours(session), LimitsForm(session)
        self.limits_fold = Fold("Limits", self.limits)
        self.plot_button = QPushButton("Plot...", toolTip="How values are spread, and one against another")
        self.plot_window: PlotWindow | None = None
        self.outputs = Outputs(session, self._shown_table, self)
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
        buttons.addWidget(self.plot_button, 0, 0)
        buttons.addWidget(self.outputs.save_button, 0, 1)
        buttons.addWidget(self.outputs.export_button, 1, 0)
        buttons.addWidget(self.outputs.picture_button, 1, 1)
        buttons.addWidget(self.files_button, 2, 0, 1, 2)
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
        self.plot_button.clicked.connect(self.show_plot)
        self.files_button.clicked.connect(self.show_files)
        self.outputs.told.connect(self.show_message)
        self.outputs.began.connect(self._on_began)

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
        if self.plot_window is not None:
            self.plot_window.show_table(None if located is None else located.table, self._heading)
        for widget in (self.table, self.limits_fold):
            widget.setVisible(located is not None)

    def _shown_table(self) -> pd.DataFrame:
        """The table of the current image, its rows as far as they are within the limits, with the classes of now."""
        located, keep = with_classes(present(self.measured).located, present(self.work)), self.limits.keep
        table = located.table
        if keep is None:
            return table
        kept = table[keep].reset_index(drop=True)
        kept.attrs = table.attrs
        return kept

    def _heading(self, name: str) -> str:
        measured = present(self.measured)
        return heading_of(name, measured.units, measured.located.space, measured.channels)

    def _on_labels(self, work: ImageWork) -> None:
        self.measuring.forget_replaced(work)
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
        no_table = NOT_MEASURED if self.measured is None else None
        enable(self.plot_button, no_table)
        self.outputs.allow(no_labels or busy, no_table)
        self.progress.follow(self.session.job, OWNER)
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

    def _on_began(self, words: str) -> None:
        self.clear_message()
        self.progress.begin(words)

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

    def show_plot(self) -> None:
        """Show the window with the plot of the values."""
        from napari_unet.ui.results.plot_window import PlotWindow

        if self.plot_window is None:
            self.plot_window = PlotWindow(self.session.viewer.theme, self)
            self.plot_window.row_chosen.connect(self._on_point)
            self.plot_window.limits_chosen.connect(self._on_limits)
        self.plot_window.show_table(present(self.measured).located.table, self._heading)
        self.plot_window.show()
        self.plot_window.raise_()

    def _on_point(self, row: int) -> None:
        self.table.select(row)
        self.go_to(row)

    def _on_limits(self, name: str, low: float, high: float) -> None:
        self.limits_fold.heading.setChecked(True)
        self.limits.box.setCurrentIndex(self.limits.box.findData(name))
        self.limits.slider.setValue((low, high))

    # -- many files -----------------------------------------------------------------------------------------------

    def show_files(self) -> None:
        """Show the window for many files."""
        from napari_unet.ui.results.files.window import FilesWindow

        if self.files_window is None:
            self.files_window = FilesWindow(self.session, lambda: self.columns.config, self)
        self.files_window.show()
        self.files_window.raise_()
