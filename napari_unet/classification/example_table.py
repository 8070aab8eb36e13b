"""Examples in a table: which object of which image is of which class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_unet.classification.object_features import ObjectKey
from napari_unet.results.exports.object_classes import ObjectClasses, classes_of_image, read_class_tables


@dataclass(frozen=True)
class Examples:
    """`tables` has, for each image's name ("" : the only one), the class of some objects, one of `names`."""

    names: tuple[str, ...]
    tables: Mapping[str, ObjectClasses]

    def of(self, image: str) -> dict[ObjectKey, int]:
        """The examples of one image, by its file's name with or without the suffix: places in `names`."""
        found = classes_of_image(self.tables, image).found
        return {key: self.names.index(one.name) for key, one in found.items()}


def read_examples(path: Path, whole: bool = False) -> Examples:
    """Examples of a .csv or .tsv file with the columns `label` and `class`; `image` and `t` where there are several.

    `whole`: of whole images, with the columns `image` and `class`.

    Raises
    ------
    UserError
        If it cannot be read, a column is missing, or a label is no whole number.
    """
    tables = read_class_tables(path, whole)
    return Examples(tuple(sorted({name for own in tables.values() for name in own.names})), tables)
