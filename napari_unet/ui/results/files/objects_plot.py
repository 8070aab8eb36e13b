"""The objects of many files in one plot, which leads from a point back to its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.ui.results.plot_window import PlotWindow
    from napari_unet.ui.session.session import Session


class ObjectsPlot(QObject):
    """`table` has the objects of all files once they were measured; `window` is made when first asked for."""

    file_chosen = Signal(str, str)  # the names of an image's file and of its folder

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._parent = session, parent
        self.table: pd.DataFrame | None = None
        self.window: PlotWindow | None = None

    def take(self, table: pd.DataFrame) -> None:
        """Plot other objects from now on; a table without columns has none."""
        self.table = table if table.columns.size else None
        if self.window is not None:
            self.window.show_table(self.table, self._heading)

    def show(self) -> None:
        """Show the values of the objects of all files; a clicked point chooses its file."""
        from napari_unet.ui.results.plot_window import PlotWindow

        if self.window is None:
            self.window = PlotWindow(self._session.viewer.theme, self._parent)
            self.window.limits_button.setEnabled(False)  # objects are removed in one image, where they are seen
            self.window.row_chosen.connect(self._on_point)
        self.window.show_table(self.table, self._heading)
        self.window.show()
        self.window.raise_()

    def _heading(self, name: str) -> str:
        from napari_unet.results.measurements.headings import heading_of

        return heading_of(name, present(self.table).attrs.get("units", {}))

    def _on_point(self, row: int) -> None:
        found = present(self.table).iloc[row]
        self.file_chosen.emit(found["image"], found["folder"])
