"""A project in formats that other programs read: labels as TIFF, and the rest as JSON."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.axes import CANONICAL
from napari_unet.images.files.writing import write_labels
from napari_unet.images.image import Image
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED, Project
from napari_unet.project.references import ImageReference, find_image

ROLES = (LABELS, PREDICTION, REVIEWED)


def describe_project(project: Project) -> dict[str, Any]:
    """What a project holds, as JSON can hold it."""
    images = [_describe_image(project, number, reference) for number, reference in project.images().items()]
    models = [{name: model[name] for name in ("name", "hash", "parent", "path")} for model in project.models()]
    return {
        "project": str(project.path),
        "bytes": project.path.stat().st_size,
        "edits": project.count_edits(),
        "images": images,
        "models": models,
        "trainings": [training | {"time": _date(training["time"])} for training in project.trainings()],
    }


def _describe_image(project: Project, number: int, reference: ImageReference) -> dict[str, Any]:
    path = find_image(reference, project.path)
    found: dict[str, Any] = {
        "name": reference.name, "path": None if path is None else str(path), "saved_path": reference.path,
        "axes": reference.axes, "shape": list(reference.shape),
        "scale": dict(reference.scale), "units": dict(reference.units), "locked": sorted(project.locked(number)),
    }  # fmt: skip
    labels, reviewed = project.read_array(number, LABELS), project.read_array(number, REVIEWED)
    if labels is not None:
        history = project.read_history(number, LABELS)
        frames = labels if reference.axes.startswith("T") else labels[np.newaxis]
        found["objects"] = sum(int(np.count_nonzero(np.unique(frame))) for frame in frames)
        found["undo_steps"], found["redo_steps"] = len(history.done), len(history.undone)
    found["reviewed_share"] = 0.0 if reviewed is None else float(np.count_nonzero(reviewed) / reviewed.size)
    return found


def export_project(project: Project, folder: Path, force: bool = False) -> list[Path]:
    """Write into `folder` the labels, prediction and reviewed region of each image as OME-TIFF, and `project.json`.

    Objects that somebody gave a class go into a table for each image, as `napari-unet classify --examples` reads it.

    Raises `UserError` if a file of a name is there already, unless `force`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {folder} cannot be made: {error.strerror or error}. Choose another one."
        ) from error
    about = describe_project(project)
    planned: list[tuple[Path, int, str, ImageReference]] = []
    for (number, reference), told in zip(project.images().items(), about["images"], strict=True):
        told["files"] = {}
        for role in ROLES:
            path = folder / f"{_unique(reference.name, number, project)}.{role}.ome.tif"
            planned.append((path, number, role, reference))
    tables = {
        folder / f"{_unique(reference.name, number, project)}.examples.csv": (number, rows)
        for number, reference in project.images().items()
        if (rows := _examples(project, number, reference))
    }
    info = folder / "project.json"
    taken = [path for path in (*(plan[0] for plan in planned), *tables, info) if path.exists()]
    if taken and not force:
        raise UserError(f"{taken[0]} exists already: choose another folder, or add --force to overwrite.")
    written = []
    told_of = dict(zip(project.images(), about["images"], strict=True))
    for path, number, role, reference in planned:
        array = project.read_array(number, role)
        if array is not None:
            written.append(write_labels(path, array, _like(reference, array)))
            told_of[number]["files"][role] = path.name
    for path, (number, rows) in tables.items():
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        written.append(path)
        told_of[number]["files"]["examples"] = path.name
    info.write_text(json.dumps(about, indent=2), encoding="utf-8")
    return [*written, info]


def _examples(project: Project, number: int, reference: ImageReference) -> list[dict[str, Any]]:
    """A row an object that somebody gave a class: `image`, `t` in films, `label` and `class`."""
    marked, labels = reference.details.get("marked") or {}, project.read_array(number, LABELS)
    if labels is None:
        return []
    image = Path(reference.path).name if reference.path else reference.name
    timed = "T" in reference.axes
    found: dict[tuple[int, int], str] = {}
    for place, which in marked.get("places", ()):
        at = tuple(int(i) for i in place)
        inside = len(at) == labels.ndim and all(0 <= i < size for i, size in zip(at, labels.shape, strict=True))
        label = int(labels[at]) if inside else 0
        if label:
            found[at[0] if timed else 0, label] = str(marked["names"][which])
    return [
        {"image": image, **({"t": t} if timed else {}), "label": label, "class": name}
        for (t, label), name in sorted(found.items())
    ]


def _like(reference: ImageReference, array: Any) -> Image:
    """An image without pixels of its own, for the metadata of its labels."""
    axes = "".join(letter for letter in CANONICAL if letter in reference.axes and letter not in "CS")
    return Image(array, axes, reference.scale, reference.units, name=reference.name)


def _unique(name: str, number: int, project: Project) -> str:
    """A file name for an image: its own, with its number where two have the same."""
    plain = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in name).strip(". ") or "image"
    same = sum(other.name == name for other in project.images().values())
    return plain if same == 1 else f"{plain}-{number}"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
