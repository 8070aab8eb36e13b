"""A listed image is opened as a layer: read beside the window, since it may be large, or far away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_unet.events import Failed
from napari_unet.ui.classify.whole_images.learning import or_sentence
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.running.threads import run_errand

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session


class ImageOpening(QObject):
    """`failed`: why an image cannot be opened."""

    failed = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session

    def open(self, path: Path) -> None:
        """Show the image of a file, and work on it."""
        from napari_unet.images.files.reading import read_image

        run_errand(or_sentence(lambda: read_image(path)), self._on_read)

    def _on_read(self, image: Any) -> None:
        if isinstance(image, Failed):
            self.failed.emit(image.message)
            return
        data, options, _ = image_to_layer(image)
        self._session.work_on(self._session.viewer.add_image(data, **options))
