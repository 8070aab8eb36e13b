"""A z-stack from the front and from the side, at the cursor: what lies above and below the slice in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.images.channels import grey_input
from napari_unet.segmentation.volumes.choice import measure_flatness
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced

if TYPE_CHECKING:
    from napari_unet.labels.types import Place
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_WAIT_MS = 30
_HIGHEST = 180  # pixels of the screen
NOT_IN_MEMORY = "Side views are shown of stacks that are in memory: this one is read from disk as it is needed."


class SideViews(QWidget):
    """Two pictures that follow the cursor, if they are in view; a click in one goes to that slice."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.place: Place | None = None
        self.front, self.side = SidePicture(), SidePicture()
        self.note = QLabel(NOT_IN_MEMORY, wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for words, picture in (("Front (z, x)", self.front), ("Side (z, y)", self.side)):
            picture.setToolTip(f"{words}, at the cursor. Click: go to that slice.")
            picture.clicked.connect(self._go_to)
            layout.addWidget(picture)
        layout.addWidget(self.note)
        self._soon = Debounced(self, self.draw, _WAIT_MS)
        session.viewer.mouse_move_callbacks.append(_asking(self))
        listen(self, session.viewer.dims.events.current_step, self._on_step)
        for signal in (session.labels_changed, session.current_changed):
            listen(self, signal, self._on_changed)

    def follow(self, position: Any) -> None:
        """The cursor is at a place of the world; outside of the image the pictures stay."""
        work = self._session.current
        if work is None or work.labels_layer is None or not self.isVisible():
            return
        place = place_of(work, position)
        if all(0 <= at < size for at, size in zip(place, work.shape, strict=True)) and place != self.place:
            self.place = place
            self._soon.ask()

    def draw(self) -> None:
        """Draw both pictures at the place."""
        work = self._session.current
        if work is None or work.labels is None or "Z" not in work.axes or not self.isVisible():
            return
        pixels = grey_input(work.seen).data
        in_memory = isinstance(pixels, np.ndarray)
        self.note.setVisible(not in_memory)
        if self.place is None or len(self.place) != len(work.shape):
            self.place = (*work.plane_at(self._session.viewer.dims.point), work.shape[-2] // 2, work.shape[-1] // 2)
        for picture, axis in ((self.front, -2), (self.side, -1)):
            picture.setVisible(in_memory)
            if in_memory:
                flatness, _ = measure_flatness(work.image)
                picture.show_view(compose_side(work, pixels, self.place, axis), flatness, self._cross(axis))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._soon.ask()

    def _cross(self, axis: int) -> tuple[int, int]:
        """Slice and column of the place in the picture along `axis`."""
        place = self.place or (0, 0, 0)
        return place[-3], place[-1 if axis == -2 else -2]

    def _on_changed(self) -> None:
        self._soon.ask()

    def _on_step(self) -> None:
        work = self._session.current
        if work is not None and self.place is not None and len(self.place) == len(work.shape):
            self.place = (*work.plane_at(self._session.viewer.dims.point), *self.place[-2:])
            self._soon.ask()

    def _go_to(self, z: int) -> None:
        work = self._session.current
        if work is not None and "Z" in work.axes:
            axes, dims = work.geometry.layer_axes, self._session.viewer.dims
            dims.set_current_step(dims.ndim - len(axes) + axes.index("Z"), z)


class SidePicture(QWidget):
    """One picture, drawn as high as its voxels are, with the slice in view as a line. `clicked`: a slice."""

    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.image: npt.NDArray[np.uint8] | None = None
        self._flatness, self._cross = 1.0, (0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_view(self, image: npt.NDArray[np.uint8], flatness: float, cross: tuple[int, int]) -> None:
        """Show `image` (Z, other, 3) with lines through `cross` (slice, column)."""
        self.image, self._flatness, self._cross = image, flatness, cross
        rows, columns = image.shape[:2]
        self.setFixedHeight(int(np.clip(self.width() * rows * flatness / columns, 12, _HIGHEST)))
        self.update()

    @property
    def area(self) -> QRectF:
        """Where the picture is drawn: as large as fits, in the proportions of the voxels."""
        if self.image is None:
            return QRectF()
        rows, columns = self.image.shape[:2]
        zoom = min(self.width() / columns, self.height() / (rows * self._flatness))
        return QRectF(0, 0, columns * zoom, rows * self._flatness * zoom)

    def paintEvent(self, event: Any) -> None:
        if self.image is None:
            return
        painter, area = QPainter(self), self.area
        rows, columns = self.image.shape[:2]
        picture = QImage(self.image.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        painter.drawImage(area, picture)
        painter.setPen(QPen(QColor(255, 255, 255, 140), 1, Qt.PenStyle.DotLine))
        y = (self._cross[0] + 0.5) * area.height() / rows
        x = (self._cross[1] + 0.5) * area.width() / columns
        painter.drawLine(QPointF(0, y), QPointF(area.width(), y))
        painter.drawLine(QPointF(x, 0), QPointF(x, area.height()))
        painter.end()

    def mousePressEvent(self, event: Any) -> None:
        if self.image is not None and self.area.contains(QPointF(event.pos())):
            self.clicked.emit(int(event.pos().y() * len(self.image) / self.area.height()))


def compose_side(work: ImageWork, pixels: npt.NDArray[Any], place: Place, axis: int) -> npt.NDArray[np.uint8]:
    """RGB (Z, other, 3) of the plane through `place` across `axis` (-2: seen from the front, -1: from the side).

    Grey values as the layer shows them, objects outlined in the colours that they have there.
    """
    at: list[Any] = [slice(None) if letter in "ZYX" else i for letter, i in zip(work.axes, place, strict=True)]
    at[axis] = place[axis]
    grey, labels = np.asarray(pixels[tuple(at)], np.float32), np.asarray(work.labels)[tuple(at)]
    low, high = (float(value) for value in work.layer.contrast_limits)
    shown = np.clip((grey - low) / max(high - low, 1e-9), 0, 1)
    rgb = np.repeat((255 * shown).astype(np.uint8)[..., None], 3, axis=-1)
    edge = _edges(labels)
    if work.labels_layer is not None and edge.any():
        colours = np.asarray(work.labels_layer.colormap.map(labels[edge]), np.float32)[:, :3]
        rgb[edge] = (255 * colours).astype(np.uint8)
    return rgb


def _edges(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Pixels of objects that have another value beside them along the second axis, or above or below."""
    edge = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        before, after = (tuple(s if i == axis else slice(None) for i in (0, 1)) for s in (slice(-1), slice(1, None)))
        edge[before] |= change
        edge[after] |= change
    return edge & (labels > 0)


def _asking(views: SideViews) -> Any:
    """A mouse callback that keeps nothing of the widget alive."""
    from weakref import ref

    from qtpy.compat import isalive

    known = ref(views)

    def call(_viewer: Any, event: Any) -> None:
        alive = known()
        if alive is not None and isalive(alive):
            alive.follow(event.position)

    return call
