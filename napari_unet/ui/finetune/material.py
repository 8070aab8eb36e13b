"""What a fine-tuning learns from: an image a row, with its objects; on demand they are marked in the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from napari_unet.ui.canvas.marks.signs import marks_of
from napari_unet.ui.finetune.earlier import EarlierCorrections, describe_earlier
from napari_unet.ui.session.review_counter import ReviewCounter, ReviewCounts
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.step import enable

if TYPE_CHECKING:
    from napari_unet.finetuning.events import ImageUse, UsedObject
    from napari_unet.finetuning.material.earlier import EarlierImage
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_BEFORE = ("Image", "Corrected", "Confirmed")
_AFTER = ("Image", "Learned from", "Tested on")
_TIPS = (
    "Click an image to go to it",
    "Objects that you changed, added or removed / that the model learns from",
    "Objects that you marked as reviewed and left as they were / that only tell how good the model is",
)
NOT_OPEN = "This image is not open. Its corrections are in the project, or in the recovery file of this session."
NOT_YET = "It is known once the training has begun which objects it is tested on."
_ROWS = 5  # shown without scrolling, at most
_SIGNS = {"learned": ("disc", 8), "held out": ("square", 8)}


class MaterialView(QWidget):
    """The images that are learned from. `changed`: the user wants earlier ones, or does not."""

    changed = Signal()

    def __init__(self, session: Session, counter: ReviewCounter) -> None:
        super().__init__()
        self._session, self._counter = session, counter
        self.earlier = EarlierCorrections(session, self)
        self.earlier_box = QCheckBox(checked=True)  # put where it belongs by the step
        self.earlier_box.setToolTip(
            "Learn from what you corrected earlier too, in images that are not open now: those of the project, or of "
            "this session"
        )
        self.table = QTreeWidget(rootIsDecorated=False, uniformRowHeights=True)
        self.marks_box = QCheckBox("Mark: \u25cf learned from, \u25a0 tested on")
        self.marks_box.setToolTip("Mark these objects in the open images")
        self.uses: list[tuple[str | None, ImageUse]] = []
        content = QWidget()
        self.fold = Fold("What it learns from", content)
        self._lay_out(content)
        self.earlier.changed.connect(self._on_earlier)
        self.earlier_box.toggled.connect(self._on_earlier)
        self.marks_box.toggled.connect(self._mark)
        self.table.itemClicked.connect(self._on_clicked)
        self.table.itemActivated.connect(self._on_clicked)
        self.fold.heading.toggled.connect(self.refresh)

    def _lay_out(self, content: QWidget) -> None:
        for box in (self.earlier_box, self.marks_box):
            box.setMinimumWidth(10)  # a long text must not make the panel wider than its dock
        header = self.table.header()
        header.setStretchLastSection(False)
        self.table.setColumnCount(len(_BEFORE))
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # long names differ at their ends
        self.table.setAccessibleName("What it learns from")
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, tip in enumerate(_TIPS):
            self.table.headerItem().setToolTip(column, tip)
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.table)
        inside.addWidget(self.marks_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)

    # -- what there is ---------------------------------------------------------------------------------------------

    @property
    def wanted_earlier(self) -> tuple[EarlierImage, ...]:
        """The images that are not open, as far as they are to be learned from."""
        return self.earlier.usable if self.earlier_box.isChecked() else ()

    @property
    def counts(self) -> ReviewCounts:
        """All objects that can be learned from: in the open images, and in earlier ones."""
        earlier = [
            ReviewCounts(1, image.n_corrected, image.n_confirmed) for image in self.wanted_earlier if image.has_objects
        ]
        return sum(earlier, self._counter.counts)

    @property
    def n_given(self) -> int:
        """Objects that were given as ground truth: no model said anything of them."""
        here = [self._counter.of(work).n_confirmed for work in self._session.works if work.prediction is None]
        return sum(here) + sum(image.n_confirmed for image in self.wanted_earlier if not image.predicted)

    @property
    def corrected_elsewhere(self) -> dict[str, int]:
        """Corrected objects of the earlier images, by name."""
        return {image.name: image.n_corrected for image in self.wanted_earlier if image.has_objects}

    @property
    def classes(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Names of the classes of the open images, and how many pixels of each are reviewed; empty for objects."""
        works = [work for work in self._session.works if any(self._counter.classes_of(work))]
        names = works[0].class_names if works else ()
        same = [self._counter.classes_of(work) for work in works if work.class_names == names]
        return names, tuple(sum(column) for column in zip(*same, strict=True))

    @property
    def has_labels(self) -> bool:
        """Whether anything was segmented, now or earlier."""
        return bool(self.wanted_earlier) or any(work.labels_layer is not None for work in self._session.works)

    @property
    def has_objects(self) -> bool:
        """Whether there are labels, and all of them are objects."""
        return self.has_labels and all(work.head.draws_objects for work in self._session.works)

    @property
    def anything(self) -> bool:
        """Whether there is something to learn from."""
        return self.counts.anything or bool(self.classes[0])

    def describe(self) -> tuple[str, ...]:
        """What there is to learn from, in wordings that get shorter."""
        if not self.has_labels:
            return ("segment the image first",)
        names, pixels = self.classes
        earlier = sum(not image.has_objects for image in self.wanted_earlier)
        if names or earlier:
            n = earlier + sum(any(self._counter.classes_of(work)) for work in self._session.works)
            seen = f"{sum(map(bool, pixels))} of {len(names)} classes" if names else "classes"
            return f"ready: {seen} reviewed in {n} {'image' if n == 1 else 'images'}", f"ready: {seen} reviewed"
        if not all(work.head.draws_objects for work in self._session.works):
            return "paint or review some of each class first", "paint some of each class"
        counts = self.counts
        if not counts.anything:
            return "correct or review some objects first", "correct or review some first"
        total = counts.n_corrected + counts.n_confirmed
        return describe_counts(counts), f"ready: {total} {'object' if total == 1 else 'objects'}"

    # -- showing --------------------------------------------------------------------------------------------------

    def refresh(self, *_: object) -> None:
        """Bring everything up to date."""
        usable = self.earlier.usable
        self.earlier_box.setVisible(bool(usable))
        self.earlier_box.setText(f"Also use {describe_earlier(usable)}")
        enable(self.marks_box, None if self.uses else NOT_YET)
        if not self.fold.heading.isChecked():
            return
        self.table.clear()
        self.table.setHeaderLabels(_AFTER if self.uses else _BEFORE)
        for row in self._used_rows() if self.uses else self._ready_rows():
            self.table.addTopLevelItem(row)
        height = self.table.header().sizeHint().height() + 4
        rows = max(1, min(_ROWS, self.table.topLevelItemCount()))
        self.table.setFixedHeight(height + rows * max(18, self.table.sizeHintForRow(0)))

    def show_uses(self, uses: Sequence[tuple[str | None, ImageUse]]) -> None:
        """A training has begun, and works with these; empty: what it worked with is over."""
        self.uses = list(uses)
        self.fold.heading.setText("What it learned from" if uses else "What it learns from")
        self._mark()
        self.refresh()

    def _ready_rows(self) -> list[QTreeWidgetItem]:
        rows = []
        for work in self._session.works:
            if work.labels_layer is None:
                continue
            counts = self._counter.of(work)
            if not work.head.draws_objects:
                seen = sum(map(bool, self._counter.classes_of(work)))
                numbers = (f"{seen} classes", "")
            else:
                numbers = (str(counts.n_corrected), str(counts.n_confirmed))
            rows.append(_row(work.name, *numbers, key=work.key))
        for image in self.earlier.found:
            if image.problem:
                rows.append(_row(image.name, "left out", "", tip=image.problem, pale=True))
            else:
                counts_of = (str(image.n_corrected), str(image.n_confirmed))
                numbers = counts_of if image.has_objects else ("classes", "")
                rows.append(_row(image.name, *numbers, tip=NOT_OPEN, pale=not self.earlier_box.isChecked()))
        return rows

    def _used_rows(self) -> list[QTreeWidgetItem]:
        return [
            _row(use.name, str(use.n_learned), str(use.n_held_out), key=key, tip="" if key else NOT_OPEN)
            for key, use in self.uses
        ]

    def _on_earlier(self, *_: object) -> None:
        self.refresh()
        self.changed.emit()

    def _on_clicked(self, row: QTreeWidgetItem) -> None:
        work = self._find(row.data(0, Qt.ItemDataRole.UserRole))
        if work is not None:
            self._session.work_on(work.layer)
            self._session.viewer.layers.selection.active = work.labels_layer or work.layer

    def _find(self, key: str | None) -> ImageWork | None:
        return next((work for work in self._session.works if work.key == key), None)

    # -- marks in the images --------------------------------------------------------------------------------------

    def _mark(self, *_: object) -> None:
        """Signs on the used objects of the open images, or none."""
        wanted = self.uses if self.marks_box.isChecked() else []
        by_key = {key: use for key, use in wanted if key is not None}
        for work in self._session.works:
            use = by_key.get(work.key)
            for name, objects in (
                ("learned", use.learned if use else ()),
                ("held out", use.held_out if use else ()),
            ):
                if objects or name in work.signs:
                    marks_of(self._session, work, name, *_SIGNS[name]).show(_places(work, objects))


def _places(work: ImageWork, objects: Sequence[UsedObject]) -> np.ndarray:
    places = [work.geometry.layer_index((*one.plane, *one.center)) for one in objects]
    return np.array(places, float).reshape(len(places), len(work.geometry.layer_axes))


def _row(
    name: str, first: str, second: str, key: str | None = None, tip: str = "", pale: bool = False
) -> QTreeWidgetItem:
    row = QTreeWidgetItem([name, first, second])
    row.setData(0, Qt.ItemDataRole.UserRole, key)
    row.setToolTip(0, f"{name}\n{tip}".strip())
    for column in (1, 2):
        row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.setToolTip(column, tip)
    if key is None:
        font = row.font(0)
        font.setItalic(True)
        row.setFont(0, font)
    row.setDisabled(pale)
    return row


def describe_counts(counts: ReviewCounts) -> str:
    """For example "ready: 2 images, 31 corrected and 120 confirmed objects"."""
    images = f"{counts.n_images} {'image' if counts.n_images == 1 else 'images'}"
    total = counts.n_corrected + counts.n_confirmed
    objects = "object" if total == 1 else "objects"
    return f"ready: {images}, {counts.n_corrected} corrected and {counts.n_confirmed} confirmed {objects}"
