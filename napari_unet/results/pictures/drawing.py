"""Drawing panels into a PNG, PDF or SVG file; outlines stay lines in the last two."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.errors import require
from napari_unet.new_files import new_file
from napari_unet.results.exports.outlines import Outline
from napari_unet.results.pictures.config import PictureConfig
from napari_unet.results.pictures.panels import Panel
from napari_unet.results.pictures.scale_bar import choose_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".pdf", ".svg")
_DPI = 200
_TITLE_POINTS, _BAR_POINTS = 9.0, 8.0
_GAP, _TITLE_HEIGHT = 8, 34  # pixels between panels, and above one with a title
_GOLDEN = 0.618033988749895
# The same picture gives the same file: no dates, and no names drawn by chance.
NO_DATE: dict[str, dict[str, None]] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".png": {}}


def check_picture_path(path: Path) -> None:
    """Raise `UserError` if a picture cannot be written to a file of that ending."""
    require(path.suffix.lower() in ENDINGS, f"{path.name} does not say what kind of picture it is: end it with "
            f"{', '.join(ENDINGS)}.")  # fmt: skip


def draw_picture(
    panels: Sequence[Panel], path: Path, config: PictureConfig | None = None, columns: int | None = None
) -> Path:
    """Write `panels` into one picture, `columns` side by side (by default about as many as rows).

    The file appears under its name only when it is complete. Raises `UserError` if it cannot be written.
    """
    from matplotlib import rc_context

    path = path.expanduser()
    check_picture_path(path)
    ending = path.suffix.lower()
    with (
        new_file(path, ending=ending) as partial,
        rc_context({"svg.hashsalt": "napari-unet", "svg.fonttype": "none", "pdf.fonttype": 42}),
    ):
        figure = _draw(panels, config or PictureConfig(), columns or _columns(len(panels)))
        figure.savefig(partial, dpi=_DPI, facecolor="white", metadata=NO_DATE[ending])
    return path


def _columns(count: int) -> int:
    return int(np.ceil(np.sqrt(count)))


def _draw(panels: Sequence[Panel], config: PictureConfig, columns: int) -> Figure:
    from matplotlib.figure import Figure

    columns = min(columns, len(panels))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    cell = (config.width - _GAP * (columns - 1)) / columns
    title = _TITLE_HEIGHT if any(panel.title for panel in panels) else 0
    heights = [max(cell * panel.pixels.shape[0] / panel.pixels.shape[1] for panel in row) for row in rows]
    height = sum(heights) + title * len(rows) + _GAP * (len(rows) - 1)
    figure = Figure(figsize=(config.width / _DPI, height / _DPI), dpi=_DPI)
    top = height
    for row, tall in zip(rows, heights, strict=True):
        top -= title
        for number, panel in enumerate(row):
            own = cell * panel.pixels.shape[0] / panel.pixels.shape[1]
            left = number * (cell + _GAP)
            axes = figure.add_axes((left / config.width, (top - own) / height, cell / config.width, own / height))
            _draw_panel(axes, panel, config)
        top -= tall + _GAP
    return figure


def _draw_panel(axes: Axes, panel: Panel, config: PictureConfig) -> None:
    height, width = panel.pixels.shape[:2]
    # corners of pixels are whole numbers, as in outlines
    axes.imshow(
        panel.pixels, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0), interpolation="nearest", aspect="auto"
    )
    if panel.outlines:
        axes.add_collection(_lines(panel.outlines, config))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    if panel.title:
        axes.set_title(panel.title, fontsize=_TITLE_POINTS, pad=3)
    if config.scale_bar and panel.pixel_um is not None:
        _draw_bar(axes, width, height, panel.pixel_um)


def _lines(outlines: Sequence[Outline], config: PictureConfig) -> Any:
    from matplotlib.collections import PolyCollection

    rings, colours = [], []
    for outline in outlines:
        colour = colour_of(outline.label) if config.colour == "objects" else config.colour
        for ring in outline.rings:
            rings.append(ring)
            colours.append(colour)
    return PolyCollection(
        rings, facecolors="none", edgecolors=colours, linewidths=config.line_width, joinstyle="round", closed=True
    )


def colour_of(label: int) -> tuple[float, float, float]:
    """A bright colour for an object, far from that of the next id; red, green and blue from 0 to 1."""
    return colorsys.hsv_to_rgb((label * _GOLDEN) % 1.0, 0.85, 1.0)


def _draw_bar(axes: Axes, width: int, height: int, pixel_um: float) -> None:
    """A white bar with its length, bottom right; both with something dark behind them, to be seen on anything."""
    from matplotlib.patches import Rectangle

    bar = choose_bar(width * pixel_um)
    if bar is None:
        return
    length, thick, margin = bar.length_um / pixel_um, max(height, width) / 80, 0.03 * width
    left, bottom = width - margin - length, height - 0.03 * height
    dark = (0.0, 0.0, 0.0, 0.7)
    axes.add_patch(Rectangle((left, bottom - thick), length, thick, facecolor="white", edgecolor=dark, linewidth=0.5))
    for colour, shift in ((dark, 0.6), ("white", 0.0)):  # a shadow, not an effect: SVG keeps the words as words
        axes.annotate(
            bar.text, (left + length / 2, bottom - thick), xytext=(shift, 2 - shift), textcoords="offset points",
            color=colour, ha="center", va="bottom", fontsize=_BAR_POINTS,
        )  # fmt: skip
