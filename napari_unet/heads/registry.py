"""The heads there are: a line each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from napari_unet.errors import UserError

if TYPE_CHECKING:  # heads themselves are imported when first asked for
    from napari_unet.heads.head import Head
    from napari_unet.models.record import ModelRecord

HEADS = {
    "instances": "napari_unet.heads.instances.head:Instances",
    "semantic": "napari_unet.heads.semantic.head:Semantic",
    "restoration": "napari_unet.heads.restoration.head:Restoration",
}


def find_head(record: ModelRecord) -> Head:
    """The head of the model of `record`; raises `UserError` for one that this version does not know."""
    return head_named(record.task)


def head_named(name: str) -> Head:
    """The head called `name`, as in `ModelRecord.task`."""
    if name not in HEADS:
        raise UserError(f"This model is for “{name}”, which this version cannot do: use a newer version.")
    return _load(HEADS[name])


@cache
def _load(place: str) -> Head:
    module, name = place.split(":")
    head: Head = getattr(import_module(module), name)()
    return head
