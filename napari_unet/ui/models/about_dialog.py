"""Who made a model that is given to others: asked once, and shown again with what was said then."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from napari_unet.errors import UserError
from napari_unet.ui.widgets.step import MessageLine
from napari_unet.workflows.sharing.about import About, read_about, said_about

_ABOUT = (
    "A BioImage.IO package tells others who made the model and how to cite it. It is asked once, and only written into "
    "packages that you export."
)


class AboutDialog(QDialog):
    """Asks for authors, licence and citation; `about` has them once it was accepted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Who made the model")
        self.about = read_about()
        self.edits = {name: QLineEdit(toolTip=field.description) for name, field in About.model_fields.items()}
        self.message = MessageLine()
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self.buttons.button(buttons.Ok).setText("Export")
        layout = QFormLayout(self)
        layout.addRow(QLabel(_ABOUT, wordWrap=True))
        for name, edit in self.edits.items():
            value = getattr(self.about, name)
            edit.setText(", ".join(value) if name == "authors" else value)
            layout.addRow(About.model_fields[name].title, edit)
        layout.addRow(self.message)
        layout.addRow(self.buttons)
        self.resize(460, 300)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)

    def _on_accepted(self) -> None:
        said: dict[str, Any] = {name: edit.text().strip() for name, edit in self.edits.items()}
        said["authors"] = tuple(name for part in said["authors"].split(",") if (name := part.strip()))
        try:
            self.about = said_about(said)
        except UserError as error:
            self.message.show_text(str(error), "error", None)
            return
        self.accept()
