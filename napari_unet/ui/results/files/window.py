"""*Segment files...*: a folder of images with one model, a table that fills as it goes, stop and go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.events import Failed, StopFlag
from napari_unet.ui.results.files.choice import FilesChoice
from napari_unet.ui.results.files.objects_plot import ObjectsPlot
from napari_unet.ui.results.files.rows import (
    BEFORE,
    CORRECTED,
    DONE,
    FAILED,
    LEFT,
    WAITING,
    WITH_LABELS,
    WORKING,
    FileRow,
    FileRows,
)
from napari_unet.ui.results.files.run import (
    FilesOrder,
    export_files_in_background,
    find_open,
    measure_files_in_background,
    open_pair,
    save_in_background,
    segment_files_in_background,
)
from napari_unet.ui.results.files.sheet import SheetChoice
from napari_unet.ui.results.files.table import FilesTable
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import MessageLine, enable

if TYPE_CHECKING:
    from napari_unet.results.measurements.config import MeasureConfig
    from napari_unet.ui.session.session import Session

OWNER = "files"
BUSY = "Wait until the work in progress has ended, or stop it."
_TABLES = "CSV (*.csv);;Excel (*.xlsx);;Parquet (*.parquet);;Tab-separated (*.tsv)"


class FilesWindow(QDialog):
    """Segments many files. `columns` says what *Measure all...* measures."""

    def __init__(self, session: Session, columns: Callable[[], MeasureConfig], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Segment files")
        self.session, self._columns = session, columns
        self.choice = FilesChoice(session)
        self.rows = FileRows(self)
        self.table = FilesTable(self.rows)
        self.watch_box = QCheckBox("Go on with images as they come into the folder", toolTip="Until you click Stop")
        self.start_button = QPushButton("Segment files", toolTip="What is done already is left as it is")
        self.open_button = QPushButton("Open", toolTip="Open the chosen file with its labels, to be corrected")
        self.keep_button = QPushButton("Save corrected", toolTip="Write the corrected labels over those of the batch")
        self.measure_button = QPushButton("Measure all...", toolTip="One table of the objects of all files with labels")
        self.export_button = QPushButton(
            "Export all...", toolTip="The labels of all files, for ImageJ, QuPath and others"
        )
        self.plot_button = QPushButton("Plot...", toolTip="The values of all files, by group; measure all first")
        self.sheet = SheetChoice()
        self.plot = ObjectsPlot(session, self)
        self.progress, self.message = ProgressLine(), MessageLine()
        self._began = time.monotonic()
        self._record: Any = None
        self._lay_out()
        self._connect()
        self._on_state()

    def _lay_out(self) -> None:
        buttons, layout = QHBoxLayout(), QVBoxLayout(self)
        for button in (
            self.start_button, self.open_button, self.keep_button, self.measure_button, self.plot_button,
            self.export_button,
        ):  # fmt: skip
            buttons.addWidget(button)
        layout.addWidget(self.choice)
        layout.addWidget(self.watch_box)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.sheet)
        layout.addWidget(self.progress)
        layout.addLayout(buttons)
        self.resize(720, 640)

    def _connect(self) -> None:
        self.choice.changed.connect(self.show_files)
        self.choice.refused.connect(lambda text, field: self.message.show_text(text, "error", field))
        self.start_button.clicked.connect(self.start)
        self.open_button.clicked.connect(self.open_chosen)
        self.keep_button.clicked.connect(self._on_keep)
        self.measure_button.clicked.connect(self._on_measure)
        self.export_button.clicked.connect(self._on_export)
        self.plot_button.clicked.connect(self.plot.show)
        self.plot.file_chosen.connect(self._on_point)
        self.progress.stop_clicked.connect(lambda: self.session.jobs.stop(OWNER))
        self.table.doubleClicked.connect(self.open_chosen)
        self.table.selectionModel().currentRowChanged.connect(self._on_state)
        listen(self, self.session.jobs.changed, self._on_state)
        listen(self, self.session.model_changed, self.choice.show_model)
        get_trackers(self.session).changed.connect(self._on_state)

    @property
    def chosen(self) -> FileRow | None:
        """The row that is selected."""
        return self.table.chosen

    # -- showing the state ----------------------------------------------------------------------------------------

    def show_files(self) -> None:
        """Show the files that were chosen; those with labels that no batch wrote are left alone, if that is wanted."""
        self.message.clear()
        plan = self.choice.plan()
        self.rows.show_files([] if plan is None else plan.targets.items())
        for row in self.rows.rows:
            left = plan is not None and row.path in plan.left
            if left != (row.state == LEFT):
                row.state = LEFT if left else WAITING
                self.rows.tell(row)
        self._on_state()

    def _on_state(self, *values: object) -> None:
        """Enable what can be done now."""
        job, row = self.session.job, self.chosen
        busy = BUSY if job is not None else None
        enable(self.start_button, busy or (None if self.rows.rows else "Choose images first."))
        enable(self.open_button, None if row is not None and row.state in WITH_LABELS else "Choose a file with labels.")
        enable(self.keep_button, busy or self._keeps_nothing(row))
        labelled = busy or (None if self.rows.count(*WITH_LABELS) else "No file has labels yet.")
        enable(self.measure_button, labelled)
        enable(self.export_button, labelled)
        enable(self.plot_button, None if self.plot.table is not None else "Measure all files first.")
        self.choice.allow(busy)
        left = self.rows.count(WAITING, FAILED)
        self.start_button.setText("Go on" if left and self.rows.count(DONE, BEFORE, CORRECTED) else "Segment files")
        self.progress.follow(job, OWNER)

    def _keeps_nothing(self, row: FileRow | None) -> str | None:
        """Why the chosen file has no corrections to be written; None if it has."""
        work = None if row is None else find_open(self.session, row.path)
        if work is None or work.labels is None:
            return "Open a file and correct it first."
        return None if get_trackers(self.session).of(work).changed_planes else "Nothing is corrected in this file."

    # -- segmenting -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Segment what is not done; what an earlier run has done is found in its journal."""
        plan, entry = self.choice.plan(), self.session.model_entry
        if plan is None or entry is None or self.session.job is not None or not self.choice.settle():
            return
        self.message.clear()
        targets = {path: target for path, target in plan.targets.items() if path not in plan.left}
        watched = plan.folders if self.watch_box.isChecked() else ()
        if self.watch_box.isChecked() and not watched:
            self.message.show_text("Only folders can be watched: choose a folder.", "error", self.choice.images_edit)
            return
        order, stop = FilesOrder(targets, self.choice.config, watched, plan.folder), StopFlag()
        events = segment_files_in_background(self.session.model_loader(), order, stop)
        self._record, self._began = entry.record, time.monotonic()
        self.rows.wait_again()
        self.progress.begin("Getting the model ready")
        title = f"Segmenting {len(targets)} files"
        self.session.jobs.start(events, stop, self._on_event, self._on_finished, title, OWNER)

    def _on_event(self, event: Any) -> None:
        from napari_unet.segmentation.events import PlaneDone, TileDone
        from napari_unet.segmentation.volumes.events import SideDone
        from napari_unet.workflows.files.batch import FileDone, FileFailed, FileStarted
        from napari_unet.workflows.files.glance import Glance

        if isinstance(event, FileStarted):
            self._change(event.path, WORKING)
        elif isinstance(event, FileDone):
            state = CORRECTED if event.row.get("corrected") else BEFORE if event.resumed else DONE
            stopped = event.row.get("planes_done", 1) < event.row.get("planes", 1)
            self._change(event.path, WAITING if stopped else state, row=event.row)
        elif isinstance(event, FileFailed):
            self._change(event.path, FAILED, event.message)
        elif isinstance(event, Glance):
            self.rows.show_picture(event.path, event.picture)
        elif isinstance(event, (PlaneDone, TileDone, SideDone)):
            self._show_progress(event)

    def _change(self, path: Path, state: str, told: str = "", row: dict[str, Any] | None = None) -> None:
        known = self.rows.row_of(path)
        if known is None:  # it came into a watched folder
            known = self.rows.add(path, self.choice.target_of(path))
        if row is not None:
            known.take(row)
        known.state, known.told = state, told
        self.rows.tell(known)
        if state == WORKING:
            self.table.scroll_to(self.rows.rows.index(known))
        self._show_count()

    def _show_progress(self, event: Any) -> None:
        row = next((row for row in self.rows.rows if row.state == WORKING), None)
        if row is not None and event.total > 1:
            row.told = f"{event.done} of {event.total}"
            self.rows.tell(row)

    def _show_count(self) -> None:
        total, worked = len(self.rows.rows) - self.rows.count(LEFT), self.rows.count(DONE, FAILED)
        over = worked + self.rows.count(BEFORE, CORRECTED)
        left = (time.monotonic() - self._began) / worked * (total - over) if worked else None
        self.progress.advance(over, total, f"{over} of {total} files", left if total > over else None)

    def _on_finished(self, outcome: Any) -> None:
        for row in self.rows.rows:
            if row.state == WORKING:
                row.state, row.told = WAITING, ""
                self.rows.tell(row)
        if isinstance(outcome, Failed):
            self.message.show_text(outcome.message, "error", None)
            return
        failed, left = self.rows.count(FAILED), self.rows.count(WAITING)
        told = [f"{self.rows.count(*WITH_LABELS)} of {len(self.rows.rows)} files have labels."]
        told += [f"{failed} could not be segmented: the table says why."] if failed else []
        told += [f"{left} are left: Go on."] if left else []
        self.message.show_text(" ".join(told), "info", None)

    # -- one file, and all of them ----------------------------------------------------------------------------------

    def open_chosen(self) -> None:
        """Open the chosen file with its labels in the viewer."""
        row = self.chosen
        if row is None or row.state not in WITH_LABELS:
            return
        self.message.clear()
        try:
            open_pair(self.session, row.path, row.target, self._record)
        except UserError as error:
            self.message.show_text(str(error), "error", None)
        self._on_state()

    def _on_keep(self) -> None:
        row = present(self.chosen)
        work = present(find_open(self.session, row.path))
        events = save_in_background(work, row.target)

        def on_saved(outcome: Any) -> None:
            if isinstance(outcome, Failed):
                self.message.show_text(outcome.message, "error", None)
                return
            row.state, row.objects, row.told = CORRECTED, str(outcome.result), ""
            self.rows.tell(row)
            self.message.show_text(f"Written: {row.target}", "info", None)

        self.progress.begin(f"Writing {row.target.name}")
        self.session.jobs.start(events, StopFlag(), None, on_saved, f"Writing {row.target.name}", OWNER, [work])

    def _on_measure(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the table", "objects.csv", _TABLES)
        if path:
            self.measure(Path(path) if Path(path).suffix else Path(path).with_suffix(".csv"))

    def measure(self, table: Path) -> None:
        """Measure the objects of all files with labels into one table."""
        rows, stop = self._with_labels(), StopFlag()
        events = measure_files_in_background(rows, self._columns(), table, self.sheet.path, stop)

        def tell(result: Any) -> tuple[list[str], list[str]]:
            self.plot.take(result.table)
            self._on_state()
            told = f"{len(result.table):,} objects of {len(rows) - len(result.errors)} files: {table}"
            return [told], list(result.errors.values())

        self._go_through(events, stop, "Measuring", "measured", tell)

    def _on_export(self) -> None:
        from napari_unet.ui.results.exporting import ExportDialog

        dialog = ExportDialog(self._with_labels()[0].target.parent, False, self)
        if dialog.exec():
            self.export(*dialog.choice)

    def export(self, name: str, folder: Path, force: bool = False) -> None:
        """Write the labels of all files into `folder` in the format called `name`."""
        stop = StopFlag()
        events = export_files_in_background(self._with_labels(), name, folder, force, stop)

        def tell(found: Any) -> tuple[list[str], list[str]]:
            told = f"{found.objects:,} objects of {found.n_files} files: {folder}"
            return [told, *found.differences], list(found.errors)

        self._go_through(events, stop, "Exporting", "written", tell)

    def _with_labels(self) -> list[FileRow]:
        return [row for row in self.rows.rows if row.state in WITH_LABELS]

    def _go_through(
        self, events: Any, stop: StopFlag, doing: str, done: str, tell: Callable[[Any], tuple[list[str], list[str]]]
    ) -> None:
        """Carry out `events` file by file; at the end `tell` gives what is to be said of the result, and errors."""
        self.message.clear()
        self.progress.begin(doing)

        def on_event(event: Any) -> None:
            self.progress.advance(event.done, event.total, f"{event.done} of {event.total} files {done}")

        def on_end(outcome: Any) -> None:
            if isinstance(outcome, Failed):
                self.message.show_text(outcome.message, "error", None)
                return
            told, errors = tell(outcome.result)
            self.message.show_text("\n".join([*told, *errors]), "error" if errors else "info", None)

        self.session.jobs.start(events, stop, on_event, on_end, f"{doing} files", OWNER)

    def _on_point(self, name: str, folder: str) -> None:
        """Choose the file of an object."""
        for at, file in enumerate(self.rows.rows):
            if (file.path.name, file.path.resolve().parent.name) == (name, folder):
                self.table.choose(at)
