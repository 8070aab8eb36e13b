"""What is done with the list of whole images: the buttons above it, and which images they ask for."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget


class ListButtons(QWidget):
    """`images_wanted`: the images, or the folder, that the user chose."""

    images_wanted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.files_button = QPushButton("Add images...", toolTip="Choose image files", autoDefault=False)
        self.folder_button = QPushButton("Add a folder...", toolTip="Choose a folder of images", autoDefault=False)
        self.remove_button = QPushButton("Take out", autoDefault=False, toolTip="Take the selected images out of "
                                         "the list (their files stay)\nKey: Delete")  # fmt: skip
        self.give_button = QPushButton("Give class", autoDefault=False, toolTip="Give the selected images the chosen "
                                       "class\nKeys: 1 to 9 give a class, 0 takes it away\n"
                                       "Ctrl+Z takes the last change back")  # fmt: skip
        self.add_button = QPushButton("Add class", toolTip="One class more", autoDefault=False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in (self.files_button, self.folder_button, self.remove_button, self.give_button, self.add_button):
            layout.addWidget(button)
        self.files_button.clicked.connect(self._on_files)
        self.folder_button.clicked.connect(self._on_folder)

    def _on_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Add images")
        if names:
            self.images_wanted.emit([Path(name) for name in names])

    def _on_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Add a folder of images")
        if folder:
            self.images_wanted.emit([Path(folder)])
