"""The dialog that makes a model from scratch."""

from __future__ import annotations

from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.heads.registry import head_named
from napari_unet.models.record import check_class_names
from napari_unet.ui.widgets.step import MessageLine

_TASKS = {"Single objects": "instances", "Classes, such as tissue types": "semantic"}
_ABOUT = (
    "A new model knows nothing yet: paint or review some of an image, then click Fine-tune. Take one only if no other "
    "model comes near, because it needs more to learn from."
)


class NewModelDialog(QDialog):
    """Asks for name, task, classes and channels; `choice` has them once it was accepted."""

    def __init__(self, channels: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New model")
        self.name = QLineEdit("My model")
        self.task = QComboBox(toolTip="Objects get a number each; a class is all that is painted with one value")
        for words, task in _TASKS.items():
            self.task.addItem(words, task)
        self.classes = QLineEdit("background, nucleus", toolTip="Commas between; the first is value 0, the next 1, ...")
        self.channels = QSpinBox(minimum=1, maximum=64, value=channels)
        self.channels.setToolTip("How many channels of an image it looks at together: 3 for colour, 1 for a single one")
        self.message = MessageLine()
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self.buttons.button(buttons.Ok).setText("Make it")
        self._lay_out()
        self.task.currentIndexChanged.connect(self._on_task)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        self._on_task()

    def _lay_out(self) -> None:
        layout = QFormLayout(self)
        layout.addRow(QLabel(_ABOUT, wordWrap=True))
        layout.addRow("Name", self.name)
        layout.addRow("It finds", self.task)
        layout.addRow("Classes", self.classes)
        layout.addRow("Channels", self.channels)
        layout.addRow(self.message)
        layout.addRow(self.buttons)
        self.resize(420, 260)

    @property
    def choice(self) -> tuple[str, str, tuple[str, ...], int]:
        """Name, task, class names (none for objects) and channels; raises `UserError` for bad names of classes."""
        task = self.task.currentData()
        names = check_class_names(self.classes.text().split(",")) if head_named(task).names_values else ()
        return self.name.text(), task, names, self.channels.value()

    def _on_task(self) -> None:
        self.classes.setEnabled(head_named(self.task.currentData()).names_values)

    def _on_accepted(self) -> None:
        try:
            _ = self.choice
        except UserError as error:
            self.message.show_text(str(error), "error", self.classes)
            return
        self.accept()
