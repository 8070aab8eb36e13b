"""Recipe files: what they say is found, what is wrong in them is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_unet.errors import UserError
from napari_unet.training.base_data import load_samples, load_validation
from napari_unet.training.recipe import RECIPES, find_files, read_recipe
from napari_unet.training.simulation.colour import COLOUR_SCENES
from napari_unet.training.simulation.scenes import SCENES

RECIPE = """
name = "Discs"
[training]
steps = 4
[record]
seed_threshold = 0.7
[[learn]]
name = "a"
images = "images/*.tif"
labels = "labels"
table = "images.csv"
where = { role = "train" }
share = 3.0
[[learn]]
name = "b"
images = "images/*.tif"
labels = "labels"
table = "images.csv"
where = { role = "more" }
share = 1.0
[[validate_on]]
name = "v"
images = "images/*.tif"
labels = "labels"
table = "images.csv"
where = { role = "validation" }
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    y, x = np.mgrid[:64, :64]
    labels = (np.hypot(y - 30, x - 30) < 10).astype(np.uint16)
    rows = ["id,role"]
    for number, role in enumerate(["train", "train", "more", "validation", "test"]):
        tifffile.imwrite(tmp_path / "images" / f"{number}.tif", (labels * 200).astype(np.uint8))
        tifffile.imwrite(tmp_path / "labels" / f"{number}.tif", labels)
        rows.append(f"{number},{role}")
    (tmp_path / "images.csv").write_text("\n".join(rows))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


def test_only_the_chosen_rows_are_learned_from(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")
    assert [file.image.stem for file in find_files(recipe.learn, data)] == ["0", "1", "2"]
    assert [file.image.stem for file in find_files(recipe.validate_on, data)] == ["3"]
    assert recipe.model_record().seed_threshold == 0.7


def test_a_sources_share_is_divided_among_its_images(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")
    samples = load_samples(recipe, find_files(recipe.learn, data))
    assert [sample.share for sample in samples] == [1.5, 1.5, 1.0]
    assert [sample.n_objects for sample in samples] == [1, 1, 1]


def test_other_processes_make_the_same_samples(data: Path) -> None:
    text = (data / "recipe.toml").read_text().replace("[record]", "[simulation]\nimages = 3\nside = 64\n[record]")
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    alone = load_samples(recipe, find_files(recipe.learn, data))
    together = load_samples(recipe, find_files(recipe.learn, data), workers=2)
    assert len(alone) == len(together) == 6
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.levels, other.levels, strict=True))
        assert (one.diameter, one.share, one.n_objects) == (other.diameter, other.share, other.n_objects)


def test_validation_knows_the_object_size(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")
    ((_, _, diameter),) = load_validation(recipe, find_files(recipe.validate_on, data)).images
    assert diameter == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steps = 4", "steps = 0", "training.steps"),
        ('name = "Discs"', "name = Discs", "no TOML"),
        ("images/*.tif", "pictures/*.tif", "no images"),
        ("images.csv", "rows.csv", "cannot be read"),
    ],
)
def test_faults_are_told(data: Path, old: str, new: str, said: str) -> None:
    (data / "recipe.toml").write_text(RECIPE.replace(old, new))
    with pytest.raises(UserError, match=said):
        list(find_files(read_recipe(data / "recipe.toml").learn, data))


def test_missing_labels_are_told(data: Path) -> None:
    (data / "labels" / "1.tif").unlink()
    with pytest.raises(UserError, match=r"1\.tif has no labels"):
        list(find_files(read_recipe(data / "recipe.toml").learn, data))


@pytest.mark.parametrize(
    ("name", "roles_learned"),
    [
        ("nuclei-2d-judged", {"train"}),
        ("nuclei-2d", {"train", "validation"}),
        ("cells-2d", {"train"}),
        ("cells-2d-last", {"train"}),
        ("cells-2d-without", {"train"}),
        ("histology-2d", {"train", "validation"}),
        ("earlier/nuclei-2d", {"train"}),
        ("earlier/nuclei-2d-all", {"train", "validation"}),
        ("earlier/cells-2d-start", {"train"}),
        ("earlier/cells-2d", {"train"}),
        ("earlier/cells-2d-long", {"train"}),
        ("earlier/cells-2d-longer", {"train"}),
    ],
)
def test_the_shipped_recipes_never_learn_from_test_or_unseen_images(
    data_dir: Path, name: str, roles_learned: set[str]
) -> None:
    import csv

    recipe = read_recipe(RECIPES / f"{name}.toml")
    roles = {}
    for folder in ("dsb2018", "phase_t98g", "axon_sem"):
        with (data_dir / folder / "images.csv").open() as file:
            roles |= {(folder, row["id"]): row["role"] for row in csv.DictReader(file)}

    def roles_of(paths: list[Path]) -> set[str]:
        keys = [(path.parts[-3], path.stem) for path in paths]
        return {roles[key] for key in keys if key[0] in ("dsb2018", "phase_t98g", "axon_sem")}

    learned = [file.image for file in find_files(recipe.learn, data_dir)]
    judged = [file.image for file in find_files(recipe.validate_on, data_dir)]
    assert roles_of(learned) == roles_learned
    assert roles_of(judged) <= {"validation", "train"}
    assert not any(path.name.startswith(("test_", "validation_")) for path in learned)
    assert not set(learned) & set(judged)


def test_a_table_of_a_spreadsheet_begins_with_a_mark_that_is_no_part_of_its_first_column(data: Path) -> None:
    table = data / "images.csv"
    table.write_text(table.read_text(), encoding="utf-8-sig")
    recipe = read_recipe(data / "recipe.toml")
    assert [file.image.stem for file in find_files(recipe.learn, data)] == ["0", "1", "2"]


def test_a_table_without_ids_is_told(data: Path) -> None:
    table = data / "images.csv"
    table.write_text(table.read_text().replace("id,", "number,"))
    with pytest.raises(UserError, match=r"images\.csv of 'a' has no column 'id'"):
        list(find_files(read_recipe(data / "recipe.toml").learn, data))


def test_a_recipe_or_table_that_is_no_text_in_utf_8_is_told(data: Path) -> None:
    (data / "images.csv").write_bytes("id,role\n\u00e9,train\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"images\.csv of 'a' is no text in UTF-8: save it as such"):
        list(find_files(read_recipe(data / "recipe.toml").learn, data))
    (data / "recipe.toml").write_bytes(RECIPE.replace("Discs", "D\u00e9").encode("latin-1"))
    with pytest.raises(UserError, match=r"recipe\.toml is no text in UTF-8: save it as such"):
        read_recipe(data / "recipe.toml")


def test_all_images_are_learned_from_without_a_table_and_all_wishes_must_be_met(data: Path) -> None:
    plain = RECIPE.replace('table = "images.csv"\n', "")
    (data / "recipe.toml").write_text(plain)
    recipe = read_recipe(data / "recipe.toml")
    assert [file.image.stem for file in find_files(recipe.validate_on, data)] == ["0", "1", "2", "3", "4"]
    (data / "recipe.toml").write_text(RECIPE.replace('role = "train"', 'role = "train", id = "1"'))
    recipe = read_recipe(data / "recipe.toml")
    assert [(file.source.name, file.image.stem) for file in find_files(recipe.learn, data)] == [("a", "1"), ("b", "2")]


def test_colour_is_learned_in_three_channels_and_fluorescence_painted_as_a_stain(data: Path) -> None:
    """Real colour as it is, fluorescence dark in tissue that is bright, simulated sections beside them."""
    colour = np.zeros((64, 64, 3), np.uint8)
    colour[..., 0] = np.linspace(0, 255, 64)
    tifffile.imwrite(data / "images" / "2.tif", colour, photometric="rgb")
    text = RECIPE.replace("share = 3.0", "share = 3.0\nstained = true").replace(
        "steps = 4", "steps = 4\nborder_weight = 0.0"
    )
    text = text.replace(
        "[record]", "[training.architecture]\nin_channels = 3\n[simulation]\nimages = 2\nside = 96\n[record]"
    )
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    stained, again, real, *simulated = load_samples(recipe, find_files(recipe.learn, data))
    assert [sample.levels[0].shape[1] for sample in (stained, real, *simulated)] == [7] * 4
    nucleus, around = stained.levels[0][0, :3, 20:40, 20:40], stained.levels[0][0, :3, :8, :8]
    assert (nucleus.mean(dim=(1, 2)) < around.mean(dim=(1, 2)) - 0.1).all()
    assert not torch.equal(stained.levels[0][:, :3], again.levels[0][:, :3])
    assert real.levels[0][0, 0, 5].diff().mean() > 0
    assert not real.levels[0][0, 1:3].any()


def test_an_image_with_other_channels_than_the_recipe_is_told(data: Path) -> None:
    text = RECIPE.replace("[record]", "[training.architecture]\nin_channels = 3\n[record]")
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    with pytest.raises(UserError, match="3 channels together"):
        load_samples(recipe, find_files(recipe.learn, data))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("share = 3.0\nstained = true", r"has a fault: .*what is stained is in colour: set in_channels = 3"),
        ("share = 3.0\n[simulation]\nimages = 2\n[training.architecture]\nin_channels = 2", "1 or 3 channels, not 2"),
    ],
)
def test_what_is_painted_needs_a_network_that_sees_it(data: Path, more: str, said: str) -> None:
    (data / "recipe.toml").write_text(RECIPE.replace("share = 3.0", more))
    with pytest.raises(UserError, match=said):
        read_recipe(data / "recipe.toml")


@pytest.mark.parametrize(
    ("scenes", "said"),
    [
        ("blurred = 1.0", r"at 'simulation\.scenes': .*there is no scene 'blurred': the known ones are .*varied"),
        ("varied = 0.0", "one at least above 0"),
        ("varied = -1.0", "numbers from 0 on"),
    ],
)
def test_scenes_that_cannot_be_drawn_are_told(data: Path, scenes: str, said: str) -> None:
    (data / "recipe.toml").write_text(RECIPE.replace("[record]", f"[simulation.scenes]\n{scenes}\n[record]"))
    with pytest.raises(UserError, match=said):
        read_recipe(data / "recipe.toml")


def test_scenes_in_colour_are_known_by_names_of_their_own(data: Path) -> None:
    (data / "recipe.toml").write_text(RECIPE.replace("[record]", "[simulation.colour_scenes]\nvaried = 1.0\n[record]"))
    with pytest.raises(UserError, match=r"there is no scene 'varied': the known ones are section, smear"):
        read_recipe(data / "recipe.toml")


def test_images_in_colour_are_simulated_of_the_scenes_in_colour(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_square(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        labels = np.zeros((side, side), np.int32)
        labels[10:30, 10:30] = 1
        return np.full((3, side, side), 0.25, np.float32), labels

    monkeypatch.setitem(COLOUR_SCENES, "square", draw_square)
    text = RECIPE.replace("[record]", "[simulation]\nimages = 1\nside = 64\ncolour_scenes = {square = 1.0}\n[record]")
    text = text.replace("[simulation]", "[training.architecture]\nin_channels = 3\n[simulation]")
    (data / "recipe.toml").write_text(text)
    (simulated,) = load_samples(read_recipe(data / "recipe.toml"), [])
    assert (simulated.levels[0][0, :3] == 0.25).all()


def test_images_are_simulated_of_the_scenes_of_the_recipe(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_ramp(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        labels = np.zeros((side, side), np.int32)
        labels[10:30, 10:30] = 1
        return np.tile(np.arange(side, dtype=np.float32), (side, 1)), labels

    monkeypatch.setitem(SCENES, "ramp", draw_ramp)
    text = RECIPE.replace("[record]", "[simulation]\nimages = 1\nside = 64\nscenes = {ramp = 1.0}\n[record]")
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    simulated = load_samples(recipe, find_files(recipe.learn, data))[-1]
    assert (simulated.levels[0][0, 0].diff(dim=-1) >= 0).all()
