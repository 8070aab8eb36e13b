"""Classes in the window: which value is which, at the layer and in words."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels

from napari_unet.models.record import ModelRecord
from napari_unet.ui.session.image_work import ImageWork


def class_names_of(record: ModelRecord | None) -> tuple[str, ...]:
    """Names by value of a model for classes; empty for one of objects, or none."""
    return record.class_names if record is not None and record.task == "semantic" else ()


def describe_classes(names: tuple[str, ...]) -> str:
    """For example "Paint 0 background, 1 nucleus, 2 debris"."""
    return "Paint " + ", ".join(f"{value} {name}" for value, name in enumerate(names)) if names else ""


def name_values(work: ImageWork) -> None:
    """Let the viewer's status line tell the class under the cursor."""
    layer = work.labels_layer
    if isinstance(layer, Labels):
        names = work.class_names
        table = {"index": np.arange(len(names)), "class": list(names)} if names else {}
        layer.features = table
        if names and layer.selected_label >= len(names):
            layer.selected_label = 1
