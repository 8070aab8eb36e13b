"""*Methods paragraph...*: what was done in the project as text for a paper, to be copied."""

from __future__ import annotations

from qtpy.QtWidgets import QApplication, QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_unet.project.project import Project

_ABOUT = "From the record of this project. Read it before you print it: it knows nothing of what was done elsewhere."


class MethodsWindow(QDialog):
    """Shows the text, which may be edited before it is copied."""

    def __init__(self, project: Project, parent: QWidget) -> None:
        from napari_unet.workflows.recording.methods import write_methods

        super().__init__(parent)
        self.setWindowTitle("Methods paragraph")
        project.flush()
        self.text = QPlainTextEdit(write_methods(project))
        self.copy_button = QPushButton("Copy", toolTip="Copy the text to the clipboard", autoDefault=False)
        self.close_button = QPushButton("Close", autoDefault=False)
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.addWidget(QLabel(_ABOUT, wordWrap=True))
        layout.addWidget(self.text, 1)
        row.addStretch(1)
        row.addWidget(self.copy_button)
        row.addWidget(self.close_button)
        layout.addLayout(row)
        self.resize(620, 420)
        self.copy_button.clicked.connect(lambda: QApplication.clipboard().setText(self.text.toPlainText()))
        self.close_button.clicked.connect(self.accept)
