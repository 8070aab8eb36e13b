"""The button that opens the window for classes of whole images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

if TYPE_CHECKING:
    from napari_unet.ui.classify.whole_images.window import ImagesWindow
    from napari_unet.ui.session.session import Session


class ImagesButton(QPushButton):
    """Opens the window, and keeps it, with what was given there."""

    def __init__(self, session: Session) -> None:
        super().__init__("Classes of images...", toolTip="One class for each image as a whole, for many files")
        self._session = session
        self.images_window: ImagesWindow | None = None
        self.clicked.connect(self.open)

    def open(self) -> None:
        """Show the window."""
        from napari_unet.ui.classify.whole_images.window import ImagesWindow

        if self.images_window is None:
            self.images_window = ImagesWindow(self._session, self)
        self.images_window.show()
        self.images_window.raise_()
