"""A model that came in another form, as a file of the library."""

from __future__ import annotations

from napari_unet.models import library
from napari_unet.models.library import ModelEntry
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord


def take_into_library(model: Model) -> ModelEntry:
    """Save `model` as the user's own, unless a model of the same record is there."""
    for entry in library.list_models():
        if _nameless(entry.record) == _nameless(model.record):
            return entry
    return library.find_model(library.save_to_library(model).name)


def _nameless(record: ModelRecord) -> ModelRecord:
    if record.foreign is None:
        return record.model_copy(update={"name": ""})
    # such a file does not say when it was made, and has the hash of its network
    return record.model_copy(update={"name": "", "created": None})
