"""A pack holds all that a recipe needs, and what is learned from it is what the data folder teaches."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.cli import main
from napari_unet.training.base_data import load_samples
from napari_unet.training.recipe import find_files, read_recipe

RECIPE = """
name = "Packed"
[[learn]]
name = "a"
images = "a/images/*"
labels = "a/labels"
table = "a/images.csv"
where = { role = "train" }
[[validate_on]]
name = "a"
images = "a/images/*"
labels = "a/labels"
table = "a/images.csv"
where = { role = "validation" }
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "a"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        labels = np.zeros((64, 64), np.uint16)
        labels[20:40, 10 + 5 * number : 30 + 5 * number] = 300
        image = (rng.poisson(100, labels.shape) + 4000.0 * (labels > 0)).astype(np.uint16)
        tifffile.imwrite(folder / "images" / f"{number}.tif", image)
        tifffile.imwrite(folder / "labels" / f"{number}.tif", labels)
    (folder / "images.csv").write_text("id,role\n0,train\n1,validation\n2,test\n")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path / "data"


def pack(data: Path, *more: str) -> int:
    recipe, out = data.parent / "recipe.toml", data.parent / "out.zip"
    return main(["train", "--recipe", str(recipe), "--data", str(data), "--pack", str(out), *more])


def test_what_is_packed_teaches_the_same(data: Path, tmp_path: Path) -> None:
    assert pack(data) == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path / "there")
        names = set(archive.namelist())
    assert "a/images/2.png" not in names  # neither learned from nor judged by
    recipe = read_recipe(tmp_path / "recipe.toml")
    here = load_samples(recipe, find_files(recipe.learn, data))
    there = load_samples(recipe, find_files(recipe.learn, tmp_path / "there"))
    assert len(here) == len(there) == 1
    one, other = here[0].levels[0].float(), there[0].levels[0].float()
    assert (one[:, 1:] == other[:, 1:]).all()
    assert float((one[:, 0] - other[:, 0]).abs().max()) < 0.01
    assert len(list(find_files(recipe.validate_on, tmp_path / "there"))) == 1


def test_a_pack_is_not_overwritten_and_needs_a_recipe(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.zip").write_bytes(b"mine")
    assert pack(data) == 2
    assert "choose another name" in capsys.readouterr().err
    assert (tmp_path / "out.zip").read_bytes() == b"mine"
    assert pack(data, "--force") == 0
    assert main(["train", "--images", str(data), "--labels", str(data), "--pack", str(tmp_path / "new.zip")]) == 2
    assert "--recipe" in capsys.readouterr().err
    assert main(["train", "--images", str(data), "--labels", str(data)]) == 2
    assert "--output" in capsys.readouterr().err
