"""The results of `effort.py` as a table and as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from working_time import minutes

from napari_unet.heads.instances.verdict import ELSEWHERE

Row = dict[str, Any]
ARMS = {"corrected": (31, 119, 180), "kinds": (44, 160, 44), "noisy": (255, 127, 14), "dense": (127, 127, 127)}
AXES = {"objects": "corrected objects", "minutes": "minutes of work"}
TOLD = {"better": 0.9, "better on these images": None, "cannot tell": None, "not better": 0.8}
"""What can be told of a child, and how often it should be so elsewhere, if it says anything of elsewhere."""
_HIGHEST = 0.6  # of the scale of AP
_BASE = (0.85, 1.0)  # the scale of AP@0.5 on the base types
NAMES = {
    "corrected": "worst objects corrected",
    "kinds": "the same, missed ones first, false ones last",
    "noisy": "the same, by a hasty hand",
    "dense": "labelled densely",
}


def values(rows: Sequence[Row], kind: str, arm: str, k: int, key: str) -> list[float]:
    """One number an order; `minutes` are worked out (`working_time.py`)."""
    number = minutes if key == "minutes" else lambda row: float(row[key])
    return [number(row) for row in rows if (row["kind"], row["arm"], row["k"]) == (kind, arm, k)]


def efforts(rows: Sequence[Row], kind: str, arm: str) -> list[int]:
    return sorted({row["k"] for row in rows if (row["kind"], row["arm"]) == (kind, arm)})


def ends(rows: Sequence[Row], kind: str, key: str) -> tuple[float, float]:
    """The value of the base model and of the one that learned from everything; NaN if it is not there."""
    both = (values(rows, kind, arm, 0, key) for arm in ("base", "all"))
    first, last = (found[0] if found else float("nan") for found in both)
    return first, last


def print_table(rows: Sequence[Row]) -> None:
    """Median over orders, and from lowest to highest in brackets."""
    print("| type | arm | k | orders | AP | AP@0.5 | R | base types AP@0.5 | seconds of training, in all | "
          "minutes of work |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        low, high = ends(rows, kind, "ap")
        for arm in ("base", *ARMS, "default", "oracle", "all", "alone"):
            for k in efforts(rows, kind, arm):
                ap, ap50, base, total, work = (
                    values(rows, kind, arm, k, key) for key in ("ap", "ap50", "base_ap50", "total", "minutes")
                )
                gain = [(one - low) / (high - low) for one in ap]
                cells = [kind, arm, str(k), str(len(ap)), *map(_spread, (ap, ap50)), _spread(gain, 2), _spread(base)]
                print("| " + " | ".join([*cells, _spread(total, 0), _spread(work, 1)]) + " |")


def print_verdicts(rows: Sequence[Row]) -> None:
    """What was told of children, against how they did on images of other groups than those that were corrected."""
    print("| told | fine-tunings | better there | worse there | right | aim | mean AP gained, median (least to most) |")
    print("|---|---|---|---|---|---|---|")
    scored = [row for row in rows if "better" in row and "child_ap" in row]
    for told, aim in TOLD.items():
        gains = [row["child_ap"] - row["parent_ap"] for row in scored if _told(row) == told]
        if gains:
            better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
            right = (len(gains) - better if told == "not better" else better) / len(gains)
            shares = (
                "" if told == "cannot tell" else f"{100 * right:.0f} %",
                "" if aim is None else f"{100 * aim:.0f} %",
            )
            print(f"| {told} | {len(gains)} | {better} | {worse} | {shares[0]} | {shares[1]} | {_spread(gains)} |")


def _told(row: Row) -> str:
    if row["better"] is None:
        return "cannot tell"
    if not row["better"]:
        return "not better"
    return "better on these images" if ELSEWHERE in row.get("said", "") else "better"


def _spread(found: Sequence[float], digits: int = 3) -> str:
    found = [one for one in found if np.isfinite(one)]
    if not found:
        return ""
    said = f"{np.median(found):.{digits}f}"
    return said if len(found) < 2 else f"{said} ({min(found):.{digits}f} to {max(found):.{digits}f})"


def plot_results(rows: Sequence[Row], path: Path, over: str = "objects") -> None:
    """A column a type: AP over corrected objects, or `over` minutes of work, and below it AP@0.5 on the base types."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg
    from pyqtgraph.exporters import ImageExporter

    pg.setConfigOptions(background="w", foreground="k", antialias=True)
    pg.mkQApp()
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    window = pg.GraphicsLayoutWidget(size=(380 * len(kinds), 720))
    legend = pg.LegendItem(labelTextSize="11pt", colCount=3, horSpacing=25, verSpacing=4)
    named: set[str] = set()
    for column, kind in enumerate(kinds):
        top = window.addPlot(0, column, title=kind.replace("_", " "))
        _draw(pg, top, rows, kind, "ap", over, legend, named)
        below = window.addPlot(1, column)
        _draw(pg, below, rows, kind, "base_ap50", over, legend, named)
        for plot in (top, below):
            plot.getAxis("left").enableAutoSIPrefix(False)
        if column == 0:
            top.setLabel("left", "AP, mean of 0.5 to 0.9")
            below.setLabel("left", "base types, AP@0.5")
        top.setYRange(0, _HIGHEST)  # the same for all, or chance would look like a trend
        below.setYRange(*_BASE)
        below.setLabel("bottom", AXES[over])
    window.ci.layout.setRowStretchFactor(0, 2)
    window.addItem(legend, 2, 0, 1, len(kinds))
    window.ci.layout.setRowFixedHeight(2, 90)
    window.show()
    pg.QtWidgets.QApplication.processEvents()
    exporter = ImageExporter(window.scene())
    exporter.parameters()["width"] = 760 * len(kinds)
    path.parent.mkdir(parents=True, exist_ok=True)
    exporter.export(str(path))


def _draw(
    pg: Any, plot: Any, rows: Sequence[Row], kind: str, key: str, over: str, legend: Any, named: set[str]
) -> None:
    """Medians as lines, all orders as dots, base model and full fine-tuning as dashed lines.

    What is not `named` yet gets its name in the legend.
    """
    low, high = ends(rows, kind, key)
    widest = 0.0
    for arm, colour in ARMS.items():
        ks = efforts(rows, kind, arm)
        if not ks:
            continue
        found = [values(rows, kind, arm, k, key) for k in ks]
        medians = [low, *(float(np.median(one)) for one in found)]
        effort = [[k] * len(one) for k, one in zip(ks, found, strict=True)]
        if over == "minutes":
            effort = [values(rows, kind, arm, k, "minutes") for k in ks]
        line = plot.plot([0, *(float(np.median(one)) for one in effort)], medians, pen=pg.mkPen(colour, width=2.5))
        if NAMES[arm] not in named:
            named.add(NAMES[arm])
            legend.addItem(line, NAMES[arm])
        x = [value for one in effort for value in one]
        widest = max(widest, *x)
        y = [value for one in found for value in one]
        plot.plot(x, y, pen=None, symbol="o", symbolSize=5, symbolPen=None, symbolBrush=(*colour, 150))
    for value, style, name in ((low, "DotLine", "base model"), (high, "DashLine", "all images, all labelled")):
        if np.isfinite(value):
            pen = pg.mkPen("k", width=1.2, style=getattr(pg.QtCore.Qt.PenStyle, style))
            line = plot.plot([0, widest], [value, value], pen=pen)
            if name not in named:
                named.add(name)
                legend.addItem(line, name)
