"""The buttons that make files of an image's results: its table, its labels for other programs, a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QWidget

from napari_unet.errors import UserError
from napari_unet.events import Failed, StopFlag
from napari_unet.ui.results.exporting import ExportDialog, export_in_background
from napari_unet.ui.results.measuring import OWNER
from napari_unet.ui.results.picturing import PictureDialog, PictureOrder, picture_in_background
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.step import enable

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_PICTURES = "PNG (*.png);;PDF (*.pdf);;SVG (*.svg)"
_TABLES = "CSV (*.csv);;Excel (*.xlsx);;Parquet (*.parquet);;Tab-separated (*.tsv)"


class Outputs(QObject):
    """Three buttons, laid out by the step. `told`: sentence, field, kind; `began`: something that takes a while.

    `shown_table` gives the table as it is shown: with the rows within the limits.
    """

    told = Signal(str, object, str)
    began = Signal(str)

    def __init__(self, session: Session, shown_table: Callable[[], pd.DataFrame], parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._shown_table, self._parent = session, shown_table, parent
        self.save_button = QPushButton("Save table...", toolTip="Write the table as CSV, Excel or Parquet")
        self.export_button = QPushButton("Export...", toolTip="Write the labels for ImageJ, QuPath and other programs")
        self.picture_button = QPushButton("Picture...", toolTip="This slice with outlines and a scale bar, for a talk")
        self.save_button.clicked.connect(self._on_save)
        self.export_button.clicked.connect(self._on_export)
        self.picture_button.clicked.connect(self._on_picture)

    def allow(self, labels: str | None, table: str | None) -> None:
        """Which can be used: each reason says why not what is made of labels, or of the table."""
        enable(self.export_button, labels)
        enable(self.picture_button, labels)
        enable(self.save_button, table)

    def _on_save(self) -> None:
        name = f"{present(self._session.current).image.name}_objects.csv"
        path, _ = QFileDialog.getSaveFileName(self._parent, "Save the table", name, _TABLES)
        if path:
            self.save_table(Path(path))

    def save_table(self, path: Path) -> None:
        """Write the table of the current image in the format of the ending."""
        from napari_unet.results.measurements.table_files import write_table

        table = self._shown_table()
        try:
            written = write_table(path if path.suffix else path.with_suffix(".csv"), table)
        except UserError as error:
            self.told.emit(str(error), self.save_button, "error")
            return
        self.told.emit(f"{len(table):,} objects written: {written}", None, "info")

    def _on_picture(self) -> None:
        work = present(self._session.current)
        dialog = PictureDialog(work, self._parent)
        if not dialog.exec():
            return
        path, _ = QFileDialog.getSaveFileName(self._parent, "Save the picture", f"{work.image.name}.png", _PICTURES)
        if path:
            self.draw_picture(dialog.order, Path(path) if Path(path).suffix else Path(path).with_suffix(".png"))

    def draw_picture(self, order: PictureOrder, path: Path) -> None:
        """Draw the slice in view into a file."""
        work = present(self._session.current)
        events = picture_in_background(self._session, work, order, path)
        self._start(events, StopFlag(), self._on_drawn, "Drawing the picture", work)

    def _on_drawn(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.told.emit(outcome.message, self.picture_button, "error")
        elif outcome is not None:
            self.told.emit(f"Written: {outcome.result}", None, "info")

    def _start(
        self, events: Iterator[Any], stop: StopFlag, on_finished: Callable[[Any], None], words: str, work: ImageWork
    ) -> None:
        """Run what takes a while and shows no steps."""
        self.began.emit(words)
        self._session.jobs.start(events, stop, None, on_finished, f"{words} of {work.name}", OWNER, [work])

    def _on_export(self) -> None:
        work = present(self._session.current)
        folder = Path.home() if work.image.path is None else work.image.path.parent
        dialog = ExportDialog(folder, "T" in work.axes, self._parent)
        if dialog.exec():
            self.export(*dialog.choice)

    def export(self, name: str, folder: Path, force: bool = False) -> None:
        """Write the labels of the current image into `folder` in the format called `name`."""
        work = present(self._session.current)
        if self._session.job is not None or work.labels is None:
            return
        events, stop = export_in_background(work, name, folder, force)
        self._start(events, stop, self._on_exported, "Writing the labels", work)

    def _on_exported(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.told.emit(outcome.message, self.export_button, "error")
        elif outcome is not None:
            written = outcome.result
            path = written.paths[0] if len(written.paths) == 1 else written.paths[0].parent
            told = [f"{written.objects:,} objects written: {path}", *written.differences]
            self.told.emit("\n".join(told), None, "info")
