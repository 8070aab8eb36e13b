"""Which of the kinds of image that a model knows answers for the current one: shown, and changed if it is wrong."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from napari_unet.images.channels import count_channels
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.access.caption import caption

AUTO = "auto"
_TIP = (
    "The model knows several kinds of image, each with weights of its own. By itself it answers with the kind whose "
    "images this one resembles most; choose another one if it is mistaken, and segment again."
)


class KindRow(QWidget):
    """Hidden for models that know but one kind. What is chosen is kept with the image."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.box = QComboBox(toolTip=_TIP)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.for_all = QPushButton("For all", toolTip="Take all open images for this kind")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(caption("Kind of image", self.box))
        row.addWidget(self.box, 1)
        row.addWidget(self.for_all)
        for signal in (session.current_changed, session.prediction_changed, session.models_changed):
            listen(self, signal, self.refresh)
        listen(self, session.model_changed, self.refresh)
        self.box.activated.connect(self._on_chosen)
        self.for_all.clicked.connect(self._on_for_all)
        self.refresh()

    @property
    def wanted(self) -> str:
        """What the current image is to be taken for: the name of a kind, or "auto"."""
        work = self.session.current
        return work.wanted_kind if work is not None and work.wanted_kind in self._names() else AUTO

    def refresh(self, _changed: object = None) -> None:
        """Show what there is to choose, and which kind answered."""
        names, work = self._names(), self.session.current
        said = work.view.kind if work is not None else ""
        with QSignalBlocker(self.box):
            self.box.clear()
            self.box.addItem(f"auto: {said}" if said in names else "auto", AUTO)
            for name in names:
                self.box.addItem(name, name)
            self.box.setCurrentIndex(max(0, self.box.findData(self.wanted)))
        self.setVisible(len(names) > 1 and work is not None)
        self.for_all.setVisible(len(self.session.works) > 1)

    def _names(self) -> tuple[str, ...]:
        """Of the kinds that can look at the current image: those of several channels cannot look at others."""
        entry, work = self.session.model_entry, self.session.current
        if entry is None:
            return ()
        able = {1} if work is None else {1, count_channels(work.image)}
        records = (entry.record, *entry.record.kinds)
        return tuple(one.kind_name for one in records if one.architecture.in_channels in able)

    def _on_chosen(self, index: int) -> None:
        if self.session.current is not None:
            self.session.current.wanted_kind = self.box.itemData(index)

    def _on_for_all(self) -> None:
        wanted = self.wanted
        for work in self.session.works:
            work.wanted_kind = wanted
