"""Folders of images and masks: found, paired as on the command line, looked at, and read as ground truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.events import Finished, StopFlag
from napari_unet.workflows.adopting import PairRead, PairRefused, check_folder, find_folders, read_pairs


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array)


def masks(shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    labels = np.zeros(shape, np.uint16)
    labels[4:12, 4:12], labels[20:30, 20:34] = 1, 7
    return labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        save(tmp_path / "set" / "images" / f"{name}.tif", np.zeros((40, 50), np.uint8))
    save(tmp_path / "set" / "images" / "embryo.tif", np.zeros((40, 50), np.uint8))
    save(tmp_path / "set" / "masks" / "a_masks.tif", masks())
    save(tmp_path / "set" / "masks" / "b.tif", masks((30, 50)))
    save(tmp_path / "set" / "masks" / "c_cp_masks.tif", masks())
    save(tmp_path / "set" / "masks" / "embyro.tif", masks())
    return tmp_path / "set"


def test_folders_are_found_by_their_usual_names_or_are_one(folder: Path, tmp_path: Path) -> None:
    assert find_folders(folder) == (folder / "images", folder / "masks")
    assert find_folders(folder / "images") == (folder / "images", folder / "masks")
    save(tmp_path / "one" / "a.tif", masks())
    assert find_folders(tmp_path / "one") == (tmp_path / "one", tmp_path / "one")


def test_what_fits_what_does_not_and_what_is_alone(folder: Path) -> None:
    found = check_folder(*find_folders(folder))
    assert [pair.image.name for pair in found.usable] == ["a.tif", "c.tif"]
    (wrong,) = [one for one in found.checked if one.problem]
    assert wrong.pair.image.name == "b.tif"
    assert "30 x 50" in wrong.problem
    assert "40 x 50" in wrong.problem
    assert {path.name: near for path, near in found.pairing.lonely.items()} == {"embryo.tif": ("embyro.tif",)}
    assert [path.name for path in found.pairing.spare] == ["embyro.tif"]


def test_pairs_are_read_as_ground_truth_that_is_reviewed_everywhere(folder: Path, tmp_path: Path) -> None:
    pairs = check_folder(*find_folders(folder)).usable
    *events, last = read_pairs(pairs, tmp_path / "p.unetproj", True, StopFlag())
    assert isinstance(last, Finished)
    assert last.result == 2
    assert all(isinstance(event, PairRead) for event in events)
    np.testing.assert_array_equal(events[0].labels, masks())
    assert events[0].reviewed.all()
    assert events[0].reference.hash is not None
    assert events[0].reference.path == str(folder / "images" / "a.tif")


def test_a_mask_of_all_objects_alike_is_refused_with_its_name(folder: Path, tmp_path: Path) -> None:
    dots = np.zeros((40, 50), np.uint8)
    for row, column in np.ndindex(5, 6):
        dots[8 * row : 8 * row + 5, 8 * column : 8 * column + 5] = 255
    save(folder / "masks" / "a_masks.tif", dots)
    events = list(read_pairs(check_folder(*find_folders(folder)).usable, tmp_path / "p.unetproj", True, StopFlag()))
    refused = [event for event in events if isinstance(event, PairRefused)]
    assert len(refused) == 1
    assert refused[0].sentence.startswith("a.tif is left out: ")
    assert len([event for event in events if isinstance(event, PairRead)]) == 1


def test_it_stops_between_two_pairs(folder: Path, tmp_path: Path) -> None:
    stop = StopFlag()
    found = []
    for event in read_pairs(check_folder(*find_folders(folder)).usable, tmp_path / "p.unetproj", True, stop):
        found.append(event)
        stop.request()
    assert [type(event) for event in found] == [PairRead, Finished]
    assert found[-1].stopped
