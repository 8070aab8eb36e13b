"""Classes in words: which value is which."""

from __future__ import annotations

from napari_unet.heads.registry import find_head
from napari_unet.models.record import ModelRecord


def class_names_of(record: ModelRecord | None) -> tuple[str, ...]:
    """Names by value of a model for classes; empty for one of objects, or none."""
    return () if record is None else find_head(record).class_names(record)


def describe_classes(names: tuple[str, ...]) -> str:
    """For example "Paint 0 background, 1 nucleus, 2 debris"."""
    return "Paint " + ", ".join(f"{value} {name}" for value, name in enumerate(names)) if names else ""
