"""Which files a batch is about, and where its labels go."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unet.errors import UserError
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.tracking.config import TrackConfig
from napari_unet.workflows.files.batch_plan import batch_settings, expand_inputs, plan_outputs, targets_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.tif", "a.tif", "a_labels.tif", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_stands_for_its_images_without_their_labels_and_each_comes_once(folder: Path) -> None:
    assert [path.name for path in expand_inputs([folder])] == ["a.tif", "b.tif"]
    assert [path.name for path in expand_inputs([folder / "b.tif", folder])] == ["b.tif", "a.tif"]


def test_a_pattern_that_no_shell_expanded_is_one(folder: Path) -> None:
    assert [path.name for path in expand_inputs([folder / "*.tif"])] == ["a.tif", "b.tif"]
    assert [path.name for path in expand_inputs([folder / "[b].tif"])] == ["b.tif"]
    with pytest.raises(UserError, match=r"No file fits .*\*\.png: check the pattern"):
        expand_inputs([folder / "*.png"])


def test_a_file_that_is_called_like_a_pattern_is_a_file(folder: Path) -> None:
    (folder / "c[1].tif").touch()
    assert expand_inputs([folder / "c[1].tif"]) == [folder / "c[1].tif"]


def test_a_file_that_is_not_there_is_left_to_who_reads_it(folder: Path) -> None:
    assert expand_inputs([folder / "none.tif"]) == [folder / "none.tif"]


def test_a_folder_without_images_says_what_to_give(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match=r"There are no images in .*empty: give a folder of TIFF"):
        expand_inputs([folder / "empty"])
    (folder / "outer" / "inner").mkdir(parents=True)
    (folder / "outer" / "inner" / "a.tif").touch()
    with pytest.raises(UserError, match=r"give the folders in it that have some \(inner\)"):
        expand_inputs([folder / "outer"])


def test_labels_go_beside_their_images_or_into_a_folder_that_is_made(folder: Path) -> None:
    images = [folder / "a.tif", folder / "b.ome.tif"]
    assert [path.name for path in plan_outputs(images, None).values()] == ["a_labels.tif", "b_labels.tif"]
    targets = plan_outputs(images, folder / "new" / "out")
    assert [path.parent for path in targets.values()] == [folder / "new" / "out"] * 2
    assert (folder / "new" / "out").is_dir()
    assert list(targets_of(iter(images[:1]), None)) == [(images[0], folder / "a_labels.tif")]


def test_two_images_whose_labels_would_be_one_file_are_told(folder: Path) -> None:
    with pytest.raises(UserError, match=r"would both be .*a_labels\.tif: rename one of the images"):
        plan_outputs([folder / "a.tif", folder / "a.png"], None)
    (folder / "x").mkdir()
    other = folder / "x" / "a.tif"
    assert len(plan_outputs([folder / "a.tif", other], None)) == 2
    with pytest.raises(UserError, match="segment one folder at a time"):
        plan_outputs([folder / "a.tif", other], folder / "out")


def test_a_zarr_holds_the_labels_of_one_image(folder: Path) -> None:
    target = folder / "out.zarr"
    assert plan_outputs([folder / "a.tif"], target) == {folder / "a.tif": target}
    with pytest.raises(UserError, match="holds the labels of one image"):
        plan_outputs([folder / "a.tif", folder / "b.tif"], target)


def test_an_output_folder_that_is_a_file_is_told(folder: Path) -> None:
    with pytest.raises(UserError, match=r"notes\.txt cannot be used as output folder: File exists"):
        plan_outputs([folder / "a.tif"], folder / "notes.txt")


def test_settings_tell_whatever_decides_the_labels_apart_and_not_what_they_run_on() -> None:
    plain = batch_settings(SegmentConfig())
    assert plain == batch_settings(SegmentConfig(device="cpu"))
    others = [
        batch_settings(SegmentConfig(diameter=20)),
        batch_settings(SegmentConfig(precision="float32")),
        batch_settings(SegmentConfig(), axes="ZYX"),
        batch_settings(SegmentConfig(), channel=2),
        batch_settings(SegmentConfig(), tracking=TrackConfig()),
        batch_settings(SegmentConfig(), tracking=TrackConfig(gap_frames=0)),
    ]
    assert all(one != other for n, one in enumerate(others) for other in [plain, *others[:n]])
