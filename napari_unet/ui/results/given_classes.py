"""Classes of the objects of an image, as its Labels layer has them: ours, or those of another plugin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_unet.results.exports.object_classes import ObjectClasses, classes_of_table

if TYPE_CHECKING:
    from napari_unet.results.measurements.located import LocatedTable
    from napari_unet.ui.session.image_work import ImageWork


def given_classes(work: ImageWork) -> ObjectClasses:
    """By the columns `class` and `probability` of the layer's features; none where there are none."""
    layer = work.labels_layer
    if layer is None or not work.head.draws_objects:
        return ObjectClasses({})
    colors = dict(zip(work.marked.names, work.marked.colors, strict=True))
    return classes_of_table(layer.features, colors)


def with_classes(located: LocatedTable, work: ImageWork) -> LocatedTable:
    """The table with the classes that its objects have now; as it is where nobody gave any."""
    classes = given_classes(work)
    return replace(located, table=classes.added_to(located.table)) if classes else located
