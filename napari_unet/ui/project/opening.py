"""Bringing back what a project holds: images, labels, prediction, reviewed region, locks, and what can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_unet.classification.marked import MarkedObjects
from napari_unet.errors import UserError
from napari_unet.finetuning.material.earlier import class_names_in, labelling_task, view_of
from napari_unet.heads.registry import find_head
from napari_unet.heads.semantic.shares import value_shares
from napari_unet.images.bands import row_bands
from napari_unet.models.record import ModelRecord
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED, Project
from napari_unet.project.references import ImageReference, find_image
from napari_unet.project.storage.journal import Edit, History, state_before, steps_to_play
from napari_unet.project.storage.tiles import change_indices
from napari_unet.project.unfinished import count_unfinished
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.layers import KEY, image_to_layer
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.keeping.keeper import ProjectKeeper
    from napari_unet.ui.session.session import Session

_MOST_PIXELS = 4_000_000
_PATIENCE = 2.0  # seconds for a disk to take what waits
"""Of all steps that are played again: more of them would take longer than opening may."""

Ask = Callable[[ImageReference], Path | None]


@dataclass
class Reopened:
    """What came back, to be told in a sentence; `problems` are sentences of their own."""

    images: list[str] = field(default_factory=list)
    n_undo: int = 0
    n_locked: int = 0
    reviewed: bool = False
    places: dict[int, Path] = field(default_factory=dict)  # of the image files, by the images' numbers
    problems: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)  # sentences about segmentations that were cut short
    training: dict[str, Any] | None = None  # what is noted of a training that was cut short

    @property
    def sentence(self) -> str:
        if not self.images:
            return "Nothing is in the project yet." if not self.problems else ""
        names = ", ".join(self.images[:3]) + (f" and {len(self.images) - 3} more" if len(self.images) > 3 else "")
        parts = ["labels"] + ["reviewed regions"] * self.reviewed
        if self.n_locked:
            parts.append("1 locked object" if self.n_locked == 1 else f"{self.n_locked} locked objects")
        if self.n_undo:
            parts.append("1 step that can be undone" if self.n_undo == 1 else f"{self.n_undo} steps that can be undone")
        told = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
        return f"Restored {names}: {told}."


def restore_project(session: Session, keeper: ProjectKeeper, project: Project, ask: Ask) -> Reopened:
    """Show all images of `project`, which the keeper has adopted. `ask` finds the file of an image that has moved.

    An image whose file is not found is left out, and stays in the project.
    """
    restored = Reopened()
    works: dict[int, ImageWork] = {}
    keeper.restoring = True
    try:
        for number, reference in project.images().items():
            work = _restore_one(session, keeper, number, reference, ask, restored)
            if work is not None:
                works[number] = work
        _restore_window(session, project.get_property("window") or {}, works)
    finally:
        keeper.restoring = False
    restored.training = project.get_property("training")
    if restored.training is not None:
        project.set_property("training", None)  # told once
    return restored


def restore_opened(session: Session, keeper: ProjectKeeper, work: ImageWork) -> Reopened | None:
    """Bring back what the project holds of an image that was closed, and whose file was opened again; None: nothing."""
    project, number = keeper.project, closed_number(session, keeper, work)
    if project is None or number is None:
        return None
    restored = Reopened()
    keeper.restoring = True
    try:
        _restore_one(session, keeper, number, project.images()[number], lambda reference: None, restored)
    finally:
        keeper.restoring = False
    return restored


def closed_number(session: Session, keeper: ProjectKeeper, work: ImageWork) -> int | None:
    """The number in the project of an image without labels, if it was open before and was closed; else None."""
    if keeper.project is None or work.labels_layer is not None or work.image.path is None:
        return None
    if keeper.restoring or keeper.number_of(work) is not None:
        return None
    open_now = keeper.open_numbers()
    keeper.project.flush(_PATIENCE)  # what was closed a moment ago may not be written yet
    for number, reference in keeper.project.images().items():
        if number not in open_now and reference.path is not None and _is_image(work, reference):
            return number
    return None


def _restore_one(
    session: Session, keeper: ProjectKeeper, number: int, reference: ImageReference, ask: Ask, restored: Reopened
) -> ImageWork | None:
    project = keeper.project
    try:
        work, path = _restore_image(session, present(project), reference, ask)
        histories = _restore_arrays(session, present(project), number, work, restored)
    except UserError as error:
        restored.problems.append(str(error))
        return None
    restored.images.append(reference.name)
    blocks = count_unfinished(present(project).path, number)
    if blocks:
        restored.unfinished.append(
            f"Segmenting {reference.name} was cut short: {blocks} {'block is' if blocks == 1 else 'blocks are'} kept, "
            "and Segment goes on with what is missing."
        )
    if path is not None:
        restored.places[number] = path
    keeper.attach(work, number, reference, histories)
    return work


# -- images ------------------------------------------------------------------------------------------------------------


def _restore_image(
    session: Session, project: Project, reference: ImageReference, ask: Ask
) -> tuple[ImageWork, Path | None]:
    """The image, in the viewer, understood as it was. Raises `UserError`."""
    open_already = next((work for work in session.works if _is_image(work, reference)), None)
    path = find_image(reference, project.path)
    if open_already is not None and open_already.labels_layer is None:
        session.work_on(open_already.layer)
        work = open_already
    else:
        work = _open_image(session, reference, path, ask)
    if not reference.is_understood_as(work.image):
        session.set_axes(reference.axes)
    if not reference.is_understood_as(work.image):
        raise UserError(
            f"{reference.name} was {reference.shape} when it was corrected, and is {work.image.shape} now: its labels "
            "do not fit any more. Find the file of before."
        )
    details = reference.details
    if details.get("channel") is not None:
        session.set_channel(int(details["channel"]))
    work.view = view_of(reference)
    work.segmented_by = details.get("segmented_by")
    work.class_names = _class_names(project, reference)
    lineage = details.get("lineage")
    work.lineage = None if lineage is None else {int(child): int(mother) for child, mother in lineage}
    work.task = labelling_task(reference, work.class_names)
    if details.get("marked"):
        work.marked = MarkedObjects.from_dict(details["marked"])
    return work, work.image.path


def _class_names(project: Project, reference: ImageReference) -> tuple[str, ...]:
    """Names of the classes that the image was labelled with; of older projects, those of the model that did it."""
    names = class_names_in(reference)
    if names or "class_names" in reference.details:
        return names
    for model in project.models():
        if model["name"] == reference.details.get("segmented_by"):
            record = ModelRecord.model_validate(model["record"])
            return find_head(record).class_names(record)
    return ()


def _is_image(work: ImageWork, reference: ImageReference) -> bool:
    mine = None if work.image.path is None else str(work.image.path)
    same_place = mine == reference.path if reference.path is not None else work.name == reference.details.get("layer")
    return same_place and sorted(work.image.shape) == sorted(reference.shape)


def _open_image(session: Session, reference: ImageReference, path: Path | None, ask: Ask) -> ImageWork:
    from napari_unet.images.files.reading import read_image

    if path is None and reference.path is not None:
        path = ask(reference)
        if path is None:
            raise UserError(
                f"The image {reference.name} is not at {reference.path} any more. Its labels stay in the project: put "
                "the file beside the project, and open it again."
            )
    if path is not None:
        data, options, _ = image_to_layer(read_image(path))
    else:
        # Pixels that came from no file are not in the project; its labels are shown on black.
        data = np.broadcast_to(np.zeros((), np.uint8), reference.shape)
        known = {"role": "image", "axes": reference.axes, "path": None, "channel_names": (), "notes": ()}
        spatial = reference.axes.replace("S", "")
        options = {
            "name": reference.name, "rgb": "S" in reference.axes, "metadata": {KEY: known},
            "scale": [float(reference.scale.get(letter, 1)) for letter in spatial],
            "axis_labels": tuple(spatial.lower()), "contrast_limits": (0, 1),
        }  # fmt: skip
    options["name"] = reference.details.get("layer") or options["name"]
    layer = session.viewer.add_image(data, **options)
    work = session.work_on(layer)
    if work is None:
        raise UserError(f"{reference.name} cannot be worked on: {session.problem}")
    return work


# -- what was done to them ---------------------------------------------------------------------------------------------


def _restore_arrays(
    session: Session, project: Project, number: int, work: ImageWork, restored: Reopened
) -> dict[str, History]:
    stores = get_label_stores(session)

    def make(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        return stores.empty(work, "restored", dtype) if shape == work.shape else np.zeros(shape, dtype)

    labels, prediction = (project.read_array(number, role, make=make) for role in (LABELS, PREDICTION))
    histories: dict[str, History] = {}
    if labels is None:
        return histories
    if labels.shape != work.shape:
        raise UserError(f"The labels of {work.name} have the shape {labels.shape}, the image {work.shape}.")
    history = histories[LABELS] = _history(project, number, LABELS)
    layer = session.add_layer(work, LABELS, state_before(labels, history, stores.empty(work, LABELS, labels.dtype)))
    _play(session, work, LABELS, layer, labels, history)
    stores.remove(labels)
    if work.head.names_values:
        shown = labels if prediction is None else prediction
        work.class_shares = value_shares(shown, work.class_names)
    work.prediction = None if prediction is None else prediction.astype(np.int32, copy=False)
    restored.n_undo += len(history.done)
    work.lock(set(project.locked(number)))
    restored.n_locked += len(work.locked)
    reviewed = project.read_array(number, REVIEWED, make=make)
    if reviewed is not None and reviewed.shape == work.shape:
        histories[REVIEWED] = _restore_reviewed(session, work, reviewed, _history(project, number, REVIEWED))
        restored.reviewed |= bool(reviewed.any())
    done, undone = project.read_step_order(number)
    get_undo(session).restore(
        work,
        _as_many(done, {role: len(history.done) for role, history in histories.items()}),
        _as_many(undone, {role: len(history.undone) for role, history in histories.items()}),
    )
    return histories


def _as_many(roles: list[str], counts: dict[str, int]) -> list[str]:
    """The last of the steps, as many of each role as could be restored."""
    left, kept = dict(counts), []
    for role in reversed(roles):
        if left.get(role, 0):
            left[role] -= 1
            kept.append(role)
    return kept[::-1]


def _history(project: Project, number: int, role: str) -> History:
    history = project.read_history(number, role)
    history.cut(_MOST_PIXELS)
    return history


def _restore_reviewed(session: Session, work: ImageWork, reviewed: npt.NDArray[Any], history: History) -> History:
    """The reviewed region as it was left: also where corrections would mark, and the user had erased it."""
    tracker = get_trackers(session).of(work)
    tracker.finish()
    overlay = tracker.overlay
    layer = overlay.ensure_layer()
    before = state_before(reviewed, history, get_label_stores(session).empty(work, "restored", reviewed.dtype))
    present(work.reviewed)[...] = before
    _play(session, work, REVIEWED, layer, reviewed, history)
    overlay.follow_steps()
    overlay.leave_empty()
    overlay.redraw()
    return history


def _play(
    session: Session, work: ImageWork, role: str, layer: Labels, final: npt.NDArray[Any], history: History
) -> None:
    """Write the steps to a layer in the state before them, so that its own undo holds each; the end is `final`."""
    with get_undo(session).playing():
        for edit in steps_to_play(history):
            _write(work, layer, edit, final.shape)
    for _ in history.undone:
        layer.undo()
    array = present(work.labels if role == LABELS else work.reviewed)
    for band in row_bands(final.shape):
        if not np.array_equal(array[band], final[band]):  # something had been written past the history
            array[band] = final[band]
    layer.refresh()


def _write(work: ImageWork, layer: Labels, edit: Edit, shape: tuple[int, ...]) -> None:
    parts = [change_indices(change, shape) for change in edit.changes]
    index = tuple(np.concatenate(axis) for axis in zip(*parts, strict=True))
    values = np.concatenate([change.after for change in edit.changes])
    layer.data_setitem(work.geometry.layer_index(index), values, refresh=False)


# -- the window --------------------------------------------------------------------------------------------------------


def _restore_window(session: Session, state: dict[str, Any], works: dict[int, ImageWork]) -> None:
    """The image, slice, place and model of before, as far as they still exist."""
    viewer = session.viewer
    current = works.get(state.get("current", -1))
    if current is not None:
        session.work_on(current.layer)
        viewer.layers.selection.active = current.labels_layer or current.layer
    step = state.get("step")
    if step is not None and len(step) == viewer.dims.ndim:
        viewer.dims.current_step = tuple(step)
    camera = state.get("camera")
    if camera is not None and len(camera) == 4 and works:
        viewer.scene.camera.center = tuple(camera[:3])
        viewer.scene.camera.zoom = camera[3]
    model = state.get("model")
    if model is not None and any(entry.name == model for entry in session.model_entries()):
        session.use_model(model, remember=False)
