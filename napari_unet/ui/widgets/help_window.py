"""The pages of the documentation in a window, without a network: each step's ? opens its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtCore import QUrl
from qtpy.QtGui import QColor, QImage, QTextCharFormat, QTextCursor, QTextDocument
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

import napari_unet
from napari_unet.ui.widgets.access.focus_ring import FocusRing

PAGE_OF = {
    "Image": "window", "Segment": "tutorials/nuclei", "Correct": "correcting", "Fine-tune": "tutorials/new-cells",
    "Track": "tracking", "Classes of objects": "tasks", "Results": "results", "Restore": "tasks",
}  # fmt: skip
"""The page about each step, by its title."""
START = "index"
_PICTURE_WIDTH = 620


def docs_dir() -> Path | None:
    """Folder of the pages: inside the installed package, or beside it in a checkout; None if they are missing."""
    package = Path(napari_unet.__file__).parent
    return next((folder for folder in (package / "docs", package.parent / "docs") if folder.is_dir()), None)


class HelpWindow(QDialog):
    """Shows one page at a time; links lead from page to page, and `Back` goes back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("U-Net help")
        FocusRing(self)
        self.pages = _Pages()
        self.pages.setOpenExternalLinks(True)
        self.pages.setAccessibleName("Help page")
        self.back_button = QPushButton("Back", toolTip="The page before")
        self.start_button = QPushButton("All pages", toolTip="The list of all pages")
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addWidget(self.start_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.pages)
        self.back_button.clicked.connect(self.pages.backward)
        self.start_button.clicked.connect(lambda: self.show_page(START))
        self.pages.backwardAvailable.connect(self.back_button.setEnabled)
        self.back_button.setEnabled(False)
        self.resize(700, 760)

    def show_page(self, name: str) -> bool:
        """Show a page by its name, such as "correcting"; False if there is no such page."""
        folder = docs_dir()
        path = None if folder is None else folder / f"{name}.md"
        if path is None or not path.is_file():
            self.pages.setPlainText("The help pages are missing: install napari-unet-finetune again.")
            return False
        self.pages.setSource(QUrl.fromLocalFile(str(path)), QTextDocument.ResourceType.MarkdownResource)
        return True


class _Pages(QTextBrowser):
    """Pictures no wider than the window, links in a colour that is seen on the theme's ground."""

    def __init__(self) -> None:
        super().__init__()
        self.sourceChanged.connect(self.colour_links)

    def colour_links(self, _source: Any = None) -> None:
        """Qt gives links the colour of the system, dark blue, whatever the ground."""
        viewer = napari.current_viewer()
        theme = get_theme(get_settings().appearance.theme if viewer is None else viewer.theme)
        as_link, cursor = QTextCharFormat(), QTextCursor(self.document())
        as_link.setForeground(QColor(theme.current.as_hex()).lighter(150 if theme.id != "light" else 60))
        block = self.document().begin()
        while block.isValid():
            for part in block.textFormats():
                if part.format.isAnchor():
                    cursor.setPosition(block.position() + part.start)
                    cursor.setPosition(block.position() + part.start + part.length, QTextCursor.MoveMode.KeepAnchor)
                    cursor.mergeCharFormat(as_link)
            block = block.next()

    def loadResource(self, kind: int, url: QUrl) -> Any:
        found = super().loadResource(kind, url)
        if kind == QTextDocument.ResourceType.ImageResource.value:
            picture = QImage(self.source().resolved(url).toLocalFile())
            return picture.scaledToWidth(min(picture.width(), _PICTURE_WIDTH)) if not picture.isNull() else found
        return found


_shown: dict[str, HelpWindow] = {}


def show_help(page: str, parent: QWidget) -> HelpWindow:
    """Show a page in the one help window of the program."""
    from qtpy.compat import isalive

    window = _shown.get("help")
    if window is None or not isalive(window):
        window = _shown["help"] = HelpWindow(parent.window())
    window.show_page(page)
    window.show()
    window.raise_()
    return window
