"""*Picture...*: the slice in view with outlines and scale bar, as a file for a talk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from napari_unet.events import Finished
from napari_unet.results.pictures.config import PictureConfig
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.parameters import ParameterForm
from napari_unet.ui.widgets.step import enable

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.labels.types import Array, PlaneBox, PlaneIndex
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

FIELDS = ("colour", "line_width", "scale_bar", "width")


@dataclass(frozen=True)
class PictureOrder:
    """What is drawn: how, only the part in view or the whole slice, and beside it what the model had said."""

    config: PictureConfig
    in_view: bool = False
    before: bool = False


def picture_in_background(session: Session, work: ImageWork, order: PictureOrder, path: Path) -> Iterator[Any]:
    """The events of drawing the slice in view, for the worker thread; the result is the file."""
    plane = work.plane_at(session.viewer.dims.point)
    labels = np.array(present(work.labels)[plane])
    before = np.array(work.prediction[plane]) if order.before and work.prediction is not None else None
    region = work.visible_region() if order.in_view and session.viewer.dims.ndisplay == 2 else None
    low, high = work.layer.contrast_limits
    return _draw(work.image, work.channel, plane, labels, before, region, (float(low), float(high)), order.config, path)


def _draw(
    image: Image, channel: int | None, plane: PlaneIndex, labels: Array, before: Array | None,
    region: PlaneBox | None, limits: tuple[float, float], config: PictureConfig, path: Path,
) -> Iterator[Any]:  # fmt: skip
    from napari_unet.results.pictures.drawing import draw_picture
    from napari_unet.results.pictures.panels import make_panel

    shown, rows_columns = image, region or (slice(None), slice(None))
    at = dict(zip("YX", rows_columns, strict=True)) | dict(
        zip((letter for letter in "TZ" if letter in image.axes), (slice(i, i + 1) for i in plane), strict=True)
    )
    shown = replace(image, data=image.data[tuple(at.get(letter, slice(None)) for letter in image.axes)])
    panels = []
    for array, title in ((before, "before"), (labels, "after" if before is not None else "")):
        if array is not None:
            cut = array[rows_columns][(np.newaxis,) * len(plane)]
            grey = shown.select_channel(channel)
            panels.append(
                make_panel(shown, replace(grey, data=cut), config, channel=channel, limits=limits, title=title)
            )
    yield Finished(draw_picture(panels, path, config, 2 if before is not None else None))


class PictureDialog(QDialog):
    """Asks how the picture is to look; `order` is the answer."""

    def __init__(self, work: ImageWork, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("A picture of this slice")
        self.form = ParameterForm(PictureConfig, FIELDS)
        self.view_box = QCheckBox("Only the part in view", toolTip="Else the whole slice")
        self.before_box = QCheckBox("Before and after", toolTip="What the model said beside what you made of it")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Save as...")
        enable(self.before_box, None if work.prediction is not None else "Nothing was segmented in this image.")
        layout = QVBoxLayout(self)
        for widget in (self.form, self.view_box, self.before_box, self.buttons):
            layout.addWidget(widget)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    @property
    def order(self) -> PictureOrder:
        return PictureOrder(PictureConfig(**self.form.values()), self.view_box.isChecked(), self.before_box.isChecked())
