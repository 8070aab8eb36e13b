"""A readable log of a project: images, models, corrections and trainings, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from napari_unet.project.reader import ProjectReader
from napari_unet.project.references import ImageReference
from napari_unet.project.storage.journal import Kind

_TOGETHER = 600.0  # seconds between two edits of an image that are told as one
_BY_HAND = {
    "labels": ("correction", "corrections"),
    "reviewed": ("mark of what was reviewed", "marks of what was reviewed"),
}
_BY_PROGRAM = {"labels": "the labels were", "prediction": "the prediction was", "reviewed": "what is reviewed was"}


def make_log(project: ProjectReader) -> list[dict[str, Any]]:
    """Entries, each with `what` and `text`, and with `time` but for the images, which come first."""
    images = project.images()
    timed = [*_models(project), *_edits(project, images), *_trainings(project)]
    timed.sort(key=lambda entry: entry["time"])
    return [*(_image(number, reference) for number, reference in images.items()), *timed]


def describe_entry(entry: dict[str, Any]) -> str:
    """One line of text."""
    when = f"{datetime.fromtimestamp(entry['time'], UTC):%Y-%m-%d %H:%M:%S}  " if "time" in entry else ""
    return f"{when}{entry['text']}"


def _image(number: int, reference: ImageReference) -> dict[str, Any]:
    view = reference.details.get("view") or {}
    shape = " x ".join(str(size) for size in reference.shape)
    digest = f", sha256 {reference.hash}" if reference.hash else ""
    looked = f", objects of {view['diameter']:.1f} px" if view.get("diameter") else ""
    text = f"Image {number}: {reference.name}, {reference.axes} {shape}{digest}{looked}"
    about = {"number": number, "name": reference.name, "path": reference.path, "sha256": reference.hash, "view": view}
    return {"what": "image", "text": text, **about}


def _models(project: ProjectReader) -> Iterator[dict[str, Any]]:
    for model in project.models():
        parent = f", which came of {model['parent'][:12]}" if model["parent"] else ""
        text = f"Model {model['name']} (sha256 {model['hash'][:12]}) was used{parent}"
        about = {name: model[name] for name in ("name", "parent")}
        yield {"what": "model", "time": model["time"], "text": text, "sha256": model["hash"], **about}


def _edits(project: ProjectReader, images: dict[int, ImageReference]) -> Iterator[dict[str, Any]]:
    """Edits of an image that followed one another are one entry."""
    open_now: dict[tuple[int, str, bool], dict[str, Any]] = {}
    for moment, image, role, kind in project.list_edits():
        by_hand = kind in (Kind.EDIT, Kind.UNDO, Kind.REDO)
        key = (image, role, by_hand)
        entry = open_now.get(key)
        if entry is not None and moment - entry["until"] <= _TOGETHER:
            entry["count"], entry["until"] = entry["count"] + 1, moment
            continue
        if entry is not None:
            yield _told(entry, images)
        open_now[key] = {
            "what": "edits", "time": moment, "until": moment, "image": image, "role": role, "by_hand": by_hand,
            "count": 1,
        }  # fmt: skip
    yield from (_told(entry, images) for entry in open_now.values())


def _told(entry: dict[str, Any], images: dict[int, ImageReference]) -> dict[str, Any]:
    image, role, count = entry["image"], entry["role"], entry["count"]
    name = images[image].name if image in images else f"image {image}"
    if entry["by_hand"]:
        one, several = _BY_HAND.get(role, (f"edit of {role}", f"edits of {role}"))
        text = f"{name}: {count} {one if count == 1 else several} by hand"
    else:
        often = "" if count == 1 else f" ({count} times)"
        text = f"{name}: {_BY_PROGRAM.get(role, f'{role} was')} written by the program{often}"
    return {**entry, "text": text}


def _trainings(project: ProjectReader) -> Iterator[dict[str, Any]]:
    for training in project.trainings():
        record = training["record"]
        settings = record.get("settings", {})
        made = f"{record.get('name', 'a model')} (sha256 {str(training['model'])[:12]})"
        learned = f"{record.get('n_objects')} objects ({record.get('n_corrected')} corrected)"
        seed = settings.get("seed")
        how = f"{record.get('steps')} steps in {record.get('seconds')} s" + ("" if seed is None else f", seed {seed}")
        text = f"Trained {made}: {how}, on {learned} of {', '.join(record.get('images', ()))}"
        about = {name: record.get(name) for name in ("name", "steps", "seconds", "images", "n_objects", "n_corrected")}
        yield {
            "what": "training", "time": training["time"], "text": text, "sha256": training["model"],
            "seed": seed, "settings": settings, **about,
        }  # fmt: skip
