"""Every file that is written tells in a sentence when its folder is a file, or cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_unet.errors import UserError
from napari_unet.images.files.writing import write_image, write_labels
from napari_unet.images.image import Image
from napari_unet.results.measurements.table_files import write_table
from napari_unet.results.pictures.box_plot import draw_box_plot
from napari_unet.results.pictures.drawing import draw_picture
from napari_unet.results.pictures.panels import Panel

LABELS = np.eye(4, dtype=np.int32)
IMAGE = Image(LABELS, "YX")


def plot(path: Path) -> object:
    return draw_box_plot(pd.DataFrame({"image": ["a", "b"], "area": [1.0, 2.0]}), "area", "image", path)


WRITERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "labels": ("a.tif", lambda path: write_labels(path, LABELS, IMAGE)),
    "image": ("a.tif", lambda path: write_image(path, IMAGE)),
    "table": ("a.csv", lambda path: write_table(path, pd.DataFrame({"label": [1]}))),
    "picture": ("a.png", lambda path: draw_picture([Panel(np.zeros((4, 4), np.float32))], path)),
    "plot": ("a.svg", plot),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_that_is_a_file_is_told_and_left_as_it_is(tmp_path: Path, kind: str) -> None:
    name, write = WRITERS[kind]
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=rf"{name} cannot be written: .*\. Choose another (folder|place)\."):
        write(tmp_path / "file" / name)
    assert (tmp_path / "file").read_text() == "no folder"


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_written_takes_the_place_of_what_was_there_and_leaves_nothing_beside_it(
    tmp_path: Path, kind: str
) -> None:
    name, write = WRITERS[kind]
    (tmp_path / name).write_bytes(b"old")
    write(tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() not in (b"old", b"")


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "plot"])
def test_a_folder_of_that_name_is_told_and_what_was_begun_goes(tmp_path: Path, kind: str) -> None:
    name, write = WRITERS[kind]
    (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=rf"{name} cannot be written: "):
        write(tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == [name]
