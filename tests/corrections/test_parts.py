"""What was reviewed of an image too large for memory is cut out: nothing else is read, and places stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from napari_unet.corrections import corrected_image, parts
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.corrections.parts import cut_reviewed_parts, find_reviewed_boxes
from napari_unet.finetuning.material.lineage import list_places
from napari_unet.finetuning.material.preparation import prepare_planes, survey_material
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.record import ModelRecord


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_SIDE", 64)
    monkeypatch.setattr(parts, "_MARGIN", 32)
    monkeypatch.setattr(corrected_image, "HUGE_PLANE", 2**14)
    monkeypatch.setattr(corrected_image, "_BLOCK", 16)


class CountedReads:
    """An array that knows which pixels were read of it."""

    def __init__(self, pixels: npt.NDArray[Any]) -> None:
        self.pixels, self.shape, self.dtype, self.ndim = pixels, pixels.shape, pixels.dtype, pixels.ndim
        self.read = np.zeros(pixels.shape, np.bool_)

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        self.read[index] = True
        return self.pixels[index]


def squares() -> npt.NDArray[np.int32]:
    """(400, 600) with an object of 10 x 10 pixels in each 20 x 20."""
    labels = np.zeros((400, 600), np.int32)
    for number, (row, column) in enumerate(np.ndindex(20, 30), start=1):
        labels[20 * row + 5 : 20 * row + 15, 20 * column + 5 : 20 * column + 15] = number
    return labels


def marks() -> npt.NDArray[np.uint8]:
    reviewed = np.zeros((400, 600), np.uint8)
    reviewed[20:60, 40:100] = 1
    reviewed[330:380, 500:560] = 1
    return reviewed


def test_boxes_hold_all_that_is_reviewed_and_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        reviewed = np.zeros((2, 400, 600), np.uint8)
        for plane, row, column in zip(*(rng.integers(0, n, 6) for n in (2, 380, 580)), strict=True):
            reviewed[plane, row : row + 20, column : column + 20] = 1
        covered = np.zeros((400, 600), int)
        for box in find_reviewed_boxes(reviewed):
            covered[box] += 1
        assert covered.max() == 1
        assert covered[reviewed.any(axis=0)].all()
    assert find_reviewed_boxes(np.zeros((400, 600), np.uint8)) == []


def test_of_labels_and_prediction_only_what_surrounds_the_reviewed_is_read() -> None:
    labels, prediction = CountedReads(squares()), CountedReads(squares())
    pixels = CountedReads((squares() > 0) * np.uint16(900))
    found = cut_reviewed_parts(Image(pixels, "YX"), labels, marks(), prediction, "big", View(20.0), "key")
    assert [one.corner for one in found] == [(0, 0), (288, 416)]
    for array in (labels, prediction):
        assert array.read[marks() > 0].all()
        assert array.read.sum() == sum(one.labels.size for one in found) < array.read.size / 3
    for one in found:
        place = tuple(slice(at, at + n) for at, n in zip(one.corner, one.labels.shape, strict=True))
        np.testing.assert_array_equal(one.labels, squares()[place])
        np.testing.assert_array_equal(one.reviewed, marks()[place] > 0)
        np.testing.assert_array_equal(one.image.plane(), pixels.pixels[place])
    labels.pixels[...] = 0
    assert found[0].labels.any(), "somebody paints on meanwhile"


def test_what_is_learned_is_the_same_and_at_the_same_places() -> None:
    labels = squares()
    prediction = np.where(labels == 64, 0, labels)
    brighter_to_the_right = np.arange(600, dtype=np.uint16)
    image = Image((labels > 0) * np.uint16(900) + brighter_to_the_right, "YX")
    view = View(12.0)
    whole = [CorrectedImage(image, labels, marks() > 0, prediction, "big", view)]
    cut = cut_reviewed_parts(image, labels, marks(), prediction, "big", view)
    places, planes, limits = [], [], set()
    for images in (whole, cut):
        record = ModelRecord()
        material = survey_material(images, 0.0, np.random.default_rng(0), record)
        keys = [one.key for one in images]
        places.append(sorted(list_places(material.survey, keys, [one.reviewed for one in images])))
        prepare_planes(material, images, record, 64, np.random.default_rng(0))
        planes.append((material.survey.n_objects, material.survey.n_corrected, material.survey.n_reviewed_pixels))
        limits |= {one.limits for one in material.learned}
    assert len(limits) == 1, "grey values are those of the whole image"
    assert places[0] == places[1]
    assert len(places[0]) == planes[0][0] > 8
    assert planes[0] == planes[1]


def test_a_huge_image_is_known_by_some_blocks_of_it() -> None:
    pixels = CountedReads(np.random.default_rng(0).integers(0, 900, (400, 600)))
    one = cut_reviewed_parts(Image(pixels, "YX"), squares(), marks(), None, "big", View())
    before = pixels.read.copy()
    keys = {part.key for part in one}
    assert len(keys) == 1
    assert (pixels.read & ~before).sum() <= 5 * 16**2
    other = Image(pixels.pixels + 1, "YX")
    assert cut_reviewed_parts(other, squares(), marks(), None, "big", View())[0].key not in keys
