"""Values of objects by group as a picture for a talk or a paper."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from napari_unet.errors import UserError
from napari_unet.results.measurements.groups import BoxSummary, make_boxes
from napari_unet.results.measurements.headings import heading_of
from napari_unet.results.pictures.drawing import NO_DATE, check_picture_path

_WIDE = 4.0  # inches, and some for each group
_DOTS = 200  # an inch


def draw_box_plot(table: pd.DataFrame, value: str, by: str, path: Path) -> list[BoxSummary]:
    """Write a box plot of column `value` by the groups of column `by` to `path` (.png, .pdf, .svg).

    Under each box is how many objects of how many images it sums up. Raises `UserError` as `make_boxes` does, and if
    the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_picture_path(path)
    boxes = make_boxes(table, value, by)
    figure = Figure(figsize=(_WIDE + 0.35 * len(boxes), 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.bxp([_statistics(box) for box in boxes], showfliers=False, widths=0.6, medianprops={"color": "black"})
    axes.set_xlabel(by)
    axes.set_ylabel(heading_of(value, table.attrs.get("units", {})))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with rc_context({"svg.hashsalt": "napari-unet", "svg.fonttype": "none", "pdf.fonttype": 42}):
            figure.savefig(path, dpi=_DOTS, metadata=NO_DATE[path.suffix.lower()])
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from error
    return boxes


def _statistics(box: BoxSummary) -> dict[str, object]:
    """A box as matplotlib wants it."""
    images = "1 image" if box.n_images == 1 else f"{box.n_images} images"
    ends: dict[str, object] = {
        "whislo": box.low,
        "q1": box.lower,
        "med": box.middle,
        "q3": box.upper,
        "whishi": box.high,
    }
    return ends | {"label": f"{box.name}\n{box.count} in {images}"}
