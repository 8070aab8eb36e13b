"""Tells one project what is in the session, and only what is new to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from napari_unet.events import Failed
from napari_unet.project.project import LABELS, PREDICTION, Project
from napari_unet.project.references import refer_to, with_hash
from napari_unet.project.storage.journal import Edit, Kind, in_order, state_before
from napari_unet.project.storage.tiles import apply_changes, find_changes, scan
from napari_unet.ui.session.running.threads import run_errand

if TYPE_CHECKING:
    from napari_unet.project.references import ImageReference
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.keeping.recorder import Recorder
    from napari_unet.ui.session.session import Session


class ProjectTeller(QObject):
    """Knows the numbers of the images in `project` (by the key of their work), and what was told of each.

    An image is taken in with the first array that is told of it.
    """

    def __init__(self, session: Session, project: Project, numbers: dict[str, int] | None, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self.project = session, project
        self.numbers = dict(numbers or {})
        self._images: dict[int, ImageReference] = {}
        self._predictions: dict[str, Any] = {}
        self._window: Any = None
        self._model: tuple[str, str] | None = None
        self._gone: dict[str, set[str]] = {}  # by image: roles of layers that were removed, while the image is open

    def attach(self, work: ImageWork, number: int, reference: ImageReference) -> None:
        """Go on with an image that was restored from the project, as it is now."""
        self.numbers[work.key] = number
        self._images[number], self._predictions[work.key] = reference, work.prediction
        self.tell_image(work)  # its file may have moved

    # -- images -----------------------------------------------------------------------------------------------------

    def number_for(self, work: ImageWork) -> int:
        """The number of an image in the project, which takes it in if it is new there."""
        if work.key not in self.numbers:
            reference = self._refer(work)
            number = self.numbers[work.key] = self.project.add_image(reference)
            self._images[number] = reference
            self.tell_prediction(work)
            if reference.path is not None:
                run_errand(lambda: with_hash(reference), self._on_hashed, number)  # large files take a while
        return self.numbers[work.key]

    def _refer(self, work: ImageWork) -> ImageReference:
        details = {
            "channel": work.channel, "view": work.view.to_dict(),
            "segmented_by": work.segmented_by, "layer": work.name,
            "task": work.task, "class_names": list(work.class_names), "marked": work.marked.to_dict(),
            "lineage": None if work.lineage is None else sorted([*pair] for pair in work.lineage.items()),
        }  # fmt: skip
        return refer_to(work.image, self.project.path, **details)

    def tell_image(self, work: ImageWork) -> None:
        """Where an image is and how it is understood, and which of its objects are locked."""
        number = self.numbers.get(work.key)
        if number is None:
            return
        known, now = self._images.get(number), self._refer(work)
        if known is not None:
            now = replace(now, hash=known.hash, n_bytes=known.n_bytes)
        if now != known:
            self._images[number] = now
            self.project.update_image(number, now)
        self.project.set_locked(number, work.locked)

    def _on_hashed(self, reference: ImageReference | Failed, number: int) -> None:
        if not self.project.closed and not isinstance(reference, Failed):
            known = replace(self._images[number], hash=reference.hash, n_bytes=reference.n_bytes)
            self._images[number] = known
            self.project.update_image(number, known)

    # -- arrays -----------------------------------------------------------------------------------------------------

    def tell_array(self, recorder: Recorder) -> None:
        """Hand over all pixels."""
        number = self.number_for(recorder.work)
        self._settle_gone(recorder.work)
        self.project.set_array(number, recorder.role, recorder.copy())

    def tell_history(self, work: ImageWork, recorders: dict[str, Recorder], roles: Sequence[str]) -> None:
        """Hand over the arrays of an image as they were before their last steps, and then these steps.

        `roles` says in which array each step was, the last one last. What is too large for memory is handed
        over as it is now.
        """
        number = self.number_for(work)
        self._settle_gone(work)
        if any(isinstance(one.saved, np.memmap) for one in recorders.values()):  # too large for a copy in memory
            for role, one in recorders.items():
                self.project.set_array(number, role, one.copy())
            return
        arrays = {role: state_before(one.saved, one.history) for role, one in recorders.items()}
        for role, array in arrays.items():
            self.project.set_array(number, role, array.copy())
        for role, edit in in_order({role: one.history.done for role, one in recorders.items()}, roles):
            apply_changes(arrays[role], edit.changes)
            self.project.add_edit(number, role, edit)
        for role, array in arrays.items():
            # What had been written past the history lies over the steps, and what had been undone does not.
            saved = recorders[role].saved
            rest = find_changes(array, saved, [key for keys in scan(array, saved) for key in keys])
            if rest:
                self.project.add_edit(number, role, Edit(Kind.WRITE, tuple(rest)))

    def tell_edit(self, recorder: Recorder, edit: Edit) -> None:
        """A stroke, a tool, undo or redo."""
        self._settle_gone(recorder.work)
        if recorder.work.key in self.numbers:
            self.project.add_edit(self.numbers[recorder.work.key], recorder.role, edit)

    def tell_gone(self, work: ImageWork, role: str) -> None:
        """An image has no layer of this role any more.

        Who closes an image removes its layers one by one, and does not mean to throw the corrections away. So they are
        forgotten only once the work on the image goes on without them, or is saved with the image still open.
        """
        if work.key in self.numbers:
            self._gone.setdefault(work.key, set()).add(role)

    def _settle_gone(self, work: ImageWork) -> None:
        gone = self._gone.pop(work.key, None)
        if gone is None:
            return
        for role in gone - work.layers.keys():
            self.project.set_array(self.numbers[work.key], role, None)
        self.tell_prediction(work, without_labels=True)

    def tell_prediction(self, work: ImageWork, without_labels: bool = False) -> None:
        """What the model said of an image that the project has; what goes with the labels waits with them."""
        number, unknown = self.numbers.get(work.key), object()
        if work.prediction is None and LABELS not in work.layers and not without_labels:
            return
        if number is not None and self._predictions.get(work.key, unknown) is not work.prediction:
            self._predictions[work.key] = work.prediction
            self.project.set_array(number, PREDICTION, work.prediction)

    def tell_refreshed(self, work: ImageWork, edit: Edit) -> None:
        """A model wrote the same to the labels (`edit`) and to the prediction, which is the same array as before."""
        number = self.numbers.get(work.key)
        if number is None or work.prediction is None:
            return
        if self._predictions.get(work.key) is work.prediction:
            self.project.add_edit(number, PREDICTION, edit)
        else:
            self._predictions[work.key] = work.prediction
            self.project.set_array(number, PREDICTION, work.prediction.copy())

    # -- the window and the model -------------------------------------------------------------------------------------

    def tell_images(self, at_once: bool = False) -> None:
        """How all images are understood now; `at_once`: also that they go on without layers that were removed."""
        for work in self._session.works:
            self.tell_image(work)
            if at_once:
                self._settle_gone(work)

    def tell_window(self) -> None:
        """What is in view."""
        state = self._window_state()
        if state != self._window:
            self._window = state
            self.project.set_property("window", state)

    def _window_state(self) -> dict[str, Any]:
        viewer, current = self._session.viewer, self._session.current
        camera = viewer.scene.camera
        return {
            "current": self.numbers.get(current.key) if current is not None else None,
            "step": [int(step) for step in viewer.dims.current_step],
            "camera": [*(float(at) for at in camera.center), float(camera.zoom)],
            "model": self._model[1] if self._model is not None else None,
        }

    def tell_training(self, notes: dict[str, Any] | None) -> None:
        """That a training has begun of which nothing is kept yet; None: it has come to its end."""
        self.project.set_property("training", notes)

    def tell_model(self) -> None:
        """The model in use: its lineage, and the training that made it."""
        entry = self._session.model_entry
        if not self.project.writable or entry is None or self._model == (entry.sha256, entry.name):
            return
        self._model = (entry.sha256, entry.name)
        record = entry.record.model_dump(mode="json")
        known = {model["hash"] for model in self.project.models()}
        parent = getattr(entry.record, "parent", None)
        self.project.add_model(
            entry.sha256, entry.name, None if parent is None else str(parent), str(entry.path), record
        )
        if entry.sha256 not in known and record.get("training"):
            self.project.add_training(entry.sha256, {"name": entry.name, **record["training"]})
