"""A training of a project done again from its record: the same images, corrections, seed and number of steps.

What was reviewed and corrected is taken as it was when the training began: the journal takes back what came later. What
the clock decided then (`learning.clock.decisions`) is taken from the record, so that the clock of now decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.earlier import EarlierImages
from napari_unet.images.view import View
from napari_unet.labels.types import Array
from napari_unet.models import library
from napari_unet.models.library import ModelEntry
from napari_unet.models.library_index import LibraryIndex
from napari_unet.models.model import Model
from napari_unet.project.reader import ProjectReader

_LONG = 86_400.0  # seconds: the steps of the record end it, not the clock
_THREADS = "all threads"


@dataclass(frozen=True, eq=False)
class Replayed:
    """`difference` is the first thing that is not as it was; empty if the model is the same bit for bit."""

    name: str
    model: Model
    difference: str = ""


@dataclass(frozen=True)
class Rewound:
    """A project as it was at a moment (seconds since 1970): what `EarlierImages` reads of one."""

    project: ProjectReader
    moment: float

    @property
    def path(self) -> Path:
        return self.project.path

    def images(self) -> dict[int, Any]:
        return self.project.images()

    def read_array(self, image: int, role: str, planes: Collection[int] | None = None) -> Array | None:
        return self.project.read_array_at(image, role, self.moment)


def choose_training(project: ProjectReader, name: str | None = None) -> dict[str, Any]:
    """The record of the last training, or of the last one that made a model of this name. Raises `UserError`."""
    found = [one for one in project.trainings() if name in (None, one["record"].get("name"))]
    if not found:
        of = f" of {name!r}" if name else ""
        raise UserError(f"{project.path.name} has no record of a training{of}: nothing can be replayed.")
    return found[-1]


def replay_steps(
    project: ProjectReader, training: dict[str, Any], stop: StopFlag | None = None
) -> Iterator[Any | Finished[Replayed]]:
    """Do a training of `project` again; yields its events and, last, `Finished` with a `Replayed`.

    Raises
    ------
    UserError
        If the record cannot be followed, with the first reason: a model, an image or corrections are missing.
    """
    record = training["record"]
    made, parent = _model_of_hash(training["model"]), _model_of_hash(_parent_of(project, training))
    if parent is None:
        raise UserError("The model that was taught is not in the library any more: import it, then replay.")
    began = training["time"] - float(record["seconds"]) if made is None else _began(made)
    loaded = library.load_model(parent.path)
    decided = record.get("decisions") or {}
    config = settings_of(record)
    images = read_learned_images(project, record, loaded, config, began)
    with _as_many_threads(decided):
        outcome = yield from _last(finetune_steps(loaded, images, config, stop, decided=decided))
    difference = "The model that was made then is not in the library any more, so there is nothing to compare with."
    if made is not None:
        difference = first_difference(library.load_model(made.path), outcome.model)
        if difference and not decided and record["settings"].get("max_steps") is None:
            difference += (
                " That training was bounded by the clock, and was made by an older version, which did not write down "
                "what the clock decided."
            )
    yield Finished(Replayed(str(record.get("name")), outcome.model, difference), bool(stop and stop.requested))


def settings_of(record: dict[str, Any]) -> FinetuneConfig:
    """The settings of a training, ended by its number of steps where nobody wrote down what the clock decided."""
    settings = {name: value for name, value in record["settings"].items() if name in FinetuneConfig.model_fields}
    decided = record.get("decisions") or {}
    if not decided:
        settings |= {"max_steps": max(1, int(record["steps"])), "seconds": _LONG}
    elif "patches" in decided:  # the record has what was afforded in the end
        settings["batch_size"] = None
    return FinetuneConfig(**settings)


@contextmanager
def _as_many_threads(decided: dict[str, str]) -> Iterator[None]:
    """As many as computed then: sums on another number of threads are not the same bit for bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(int(decided.get(_THREADS, before)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def read_learned_images(
    project: ProjectReader, record: dict[str, Any], parent: Model, config: FinetuneConfig, began: float
) -> list[CorrectedImage]:
    """What was learned from, in the order of the record, as it was when the training `began`."""
    by_name: dict[str, int] = {reference.name: number for number, reference in project.images().items()}
    missing = [name for name in record["images"] if name not in by_name]
    if missing:
        raise UserError(f"The project has no image called {missing[0]} any more, which was learned from.")
    store = EarlierImages(Rewound(project, began))
    views = [View.from_dict(view) for view in record.get("views", ())]
    found: list[CorrectedImage] = []
    for place, name in enumerate(record["images"]):
        read, problems = store.read([by_name[name]], parent.record, config.channels, found)
        if not read:
            raise UserError(problems[0] if problems else f"Nothing was reviewed in {name} when that training began.")
        found.append(replace(read[0], view=views[place]) if place < len(views) else read[0])
    return found


def first_difference(then: Model, now: Model) -> str:
    """What of `now` is not as it was `then`, in a sentence; empty if weights and thresholds are the same."""
    if then.record.architecture != now.record.architecture:
        return "The networks are not of one shape."
    weights = now.network.state_dict()
    for name, old in then.network.state_dict().items():
        new = weights[name].cpu()
        # a file of several kinds holds half precision
        if not torch.equal(old, new) and not torch.equal(old, new.half().to(old.dtype)):
            most = float((old.double() - new.double()).abs().max())
            return f"The first weights that differ are {name}, by at most {most:.2g}."
    for name in ("foreground_threshold", "seed_threshold", "object_threshold", "outline"):
        old_value, new_value = getattr(then.record, name), getattr(now.record, name)
        if old_value != new_value:
            return f"The weights are the same; {name} was {old_value:g} and is {new_value:g}."
    return ""


def _began(made: ModelEntry) -> float:
    training = made.record.training
    return float(training.settings.get("began", made.record.created.timestamp() - training.seconds))


def _parent_of(project: ProjectReader, training: dict[str, Any]) -> str | None:
    return next((model["parent"] for model in project.models() if model["hash"] == training["model"]), None)


def _model_of_hash(sha256: str | None) -> ModelEntry | None:
    if sha256 is None:
        return None
    wanted = {sha256, LibraryIndex.read(library.models_dir()).current_hash(sha256)}
    return next((entry for entry in library.list_models() if entry.sha256 in wanted), None)


def _last(events: Iterator[Any]) -> Generator[Any, None, Any]:
    """Pass events on; the result of the last one."""
    for event in events:
        if isinstance(event, Finished):
            return event.result
        yield event
    raise RuntimeError("the training ended without a result")
