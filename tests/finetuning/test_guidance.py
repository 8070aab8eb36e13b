"""What would help is said in plain words, and only what the corrections tell."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.guidance import (
    GOOD_SESSION,
    advise,
    advise_amount,
    advise_classes,
    advise_kind,
    advise_place,
    count_kinds,
    describe_cost,
)
from napari_unet.finetuning.material.split import MIN_OBJECTS
from napari_unet.images.image import Image
from napari_unet.models.running.engine import Engine


def image(prediction: np.ndarray, labels: np.ndarray, name: str = "leaf") -> CorrectedImage:
    pixels = Image.from_array(np.zeros(labels.shape, np.float32), "YX")
    return CorrectedImage(pixels, labels, np.ones(labels.shape, bool), prediction, name)


def boxes(*places: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.zeros((60, 60), np.int32)
    for number, (top, left, height, width) in enumerate(places, start=1):
        labels[top : top + height, left : left + width] = number
    return labels


def test_kinds_are_what_the_model_had_got_wrong() -> None:
    prediction = boxes((5, 5, 8, 16), (20, 5, 8, 8), (20, 13, 8, 8), (35, 5, 8, 8), (50, 50, 4, 4))
    labels = boxes((5, 5, 8, 8), (5, 13, 8, 8), (20, 5, 8, 16), (35, 5, 8, 12), (50, 5, 8, 8))
    assert count_kinds([image(prediction, labels)]) == {"merged": 2, "split": 1, "outline": 1, "missed": 1, "false": 1}
    assert count_kinds([image(labels, labels)]) == {}


@pytest.mark.parametrize(
    ("n_corrected", "n_objects", "said"),
    [
        (0, 0, ""),
        (0, 30, "nothing new to learn"),
        (1, 1, f"{MIN_OBJECTS - 1} more reviewed objects"),
        (MIN_OBJECTS, MIN_OBJECTS, f"{GOOD_SESSION - MIN_OBJECTS} more corrected objects"),
        (GOOD_SESSION - 1, 40, "1 more corrected object would"),
        (GOOD_SESSION, 40, "Enough"),
    ],
)
def test_how_many_more(n_corrected: int, n_objects: int, said: str) -> None:
    assert said in advise_amount(n_corrected, n_objects)
    assert bool(said) == bool(advise_amount(n_corrected, n_objects))


def test_the_kind_that_prevails_is_named_and_one_sided_work_too() -> None:
    assert "merged with others (6 of 9)" in advise_kind({"merged": 6, "missed": 3})
    assert "only deleted" in advise_kind({"false": 8})
    assert "only added" in advise_kind({"missed": 8})
    assert advise_kind({"merged": 3, "missed": 3, "false": 2}) == ""
    assert advise_kind({"merged": 2}) == ""


def test_another_image_is_advised_only_if_there_is_one() -> None:
    assert "“a”" in advise_place({"a": 9, "b": 0})
    assert advise_place({"a": 9}) == advise_place({"a": 5, "b": 4}) == advise_place({"a": 1, "b": 0}) == ""


def test_time_and_device_are_told() -> None:
    assert describe_cost(60.0, "the processor (2 cores)") == "Takes about 1 minute on the processor (2 cores)."
    assert "30 seconds" in describe_cost(30.0, "x")
    assert Engine("cpu").describe().startswith("the processor (")


def test_advice_before_and_after() -> None:
    right, nothing = boxes((5, 5, 8, 8), (20, 5, 8, 8)), np.zeros((60, 60), np.int32)
    assert "nothing new to learn" in advise([image(right, right)], 2)[0]
    assert advise([image(nothing, right)], 2, better=True, finished=True)[0].startswith("Go on with")
    many = boxes(*((8 * i, 8 * j, 6, 6) for i in range(6) for j in range(6)))
    assert advise([image(np.zeros_like(many), many)], 36, better=False, finished=True)[0].startswith("A longer time")
    assert "Enough" in advise([image(np.zeros_like(many), many)], 36)[0]
    assert "6 more reviewed" in advise([image(nothing, right)], 2, better=False, finished=True)[0]


@pytest.mark.parametrize(
    ("pixels", "said"),
    [((0, 0, 0), "Nothing of"), ((9, 0, 0), "Only background"), ((9, 5, 0), "Nothing of gland is"), ((9, 5, 1), "")],
)
def test_classes_of_which_nothing_is_reviewed_are_named(pixels: tuple[int, ...], said: str) -> None:
    sentence = advise_classes(("background", "tissue", "gland"), pixels)
    assert said in sentence
    assert bool(said) == bool(sentence)
