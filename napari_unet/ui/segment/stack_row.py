"""Whether a z-stack is segmented slice by slice or as a volume: the better one by default, with the reason."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QGridLayout, QLabel, QRadioButton, QWidget

from napari_unet.heads.registry import find_head
from napari_unet.segmentation.config import StackName
from napari_unet.segmentation.volumes.choice import StackChoice, choose_stack
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session

_TIPS = {
    "slices": "Each slice by itself, then objects of neighbouring slices are linked by their overlap",
    "volume": "The model looks at the stack from above and from two sides, and objects are formed in 3D: "
    "fewer are in pieces or grown together",
}


class StackRow(QWidget):
    """Hidden for what is no z-stack, and for models that see volumes. What is chosen is kept with the image."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.buttons = QButtonGroup(self)
        self.reason = QLabel(wordWrap=True)  # whole: what it rests on, an unknown voxel size say, comes last
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self._button: dict[str, QRadioButton] = {}
        for column, (name, words) in enumerate((("slices", "Slice by slice"), ("volume", "As a volume"))):
            button = self._button[name] = QRadioButton(words, toolTip=_TIPS[name])
            self.buttons.addButton(button)
            grid.addWidget(button, 0, column)
            button.clicked.connect(lambda _checked=False, name=name: self._on_chosen(name))
        grid.addWidget(self.reason, 1, 0, 1, 2)
        for signal in (session.current_changed, session.image_changed, session.prediction_changed):
            listen(self, signal, self.refresh)
        listen(self, session.model_changed, self.refresh)
        listen(self, session.models_changed, self.refresh)
        self.refresh()

    @property
    def wanted(self) -> StackName:
        """What the user chose for the current image, or "auto"."""
        work = self.session.current
        return "auto" if work is None else work.wanted_stack

    def refresh(self, _changed: object = None) -> None:
        """Show what suits the current image, or what was chosen for it."""
        best = self._best()
        work, entry = self.session.current, self.session.model_entry
        flat = entry is not None and entry.record.architecture.ndim == 2 and find_head(entry.record).draws_objects
        self.setVisible(best is not None and flat)
        if best is None or work is None:
            return
        name = work.wanted_stack if work.wanted_stack != "auto" else "volume" if best.as_volume else "slices"
        self._button[name].setChecked(True)
        self.reason.setText(f"Best {best.words}: {best.reason}.")

    def _best(self) -> StackChoice | None:
        work, entry = self.session.current, self.session.model_entry
        if work is None or entry is None:
            return None
        return choose_stack(work.seen, entry.record, "auto", work.diameter)

    def _on_chosen(self, name: StackName) -> None:
        if self.session.current is not None:
            self.session.current.wanted_stack = name
