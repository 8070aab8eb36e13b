"""Labels that contradict themselves are found, and sound ones are left in peace."""

from __future__ import annotations

import numpy as np

from napari_unet.corrections.consistency import find_inconsistencies
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.images.image import Image


def corrected(labels: np.ndarray, reviewed: np.ndarray | None = None, **more: object) -> CorrectedImage:
    image = Image.from_array(np.zeros(labels.shape, np.float32), "ZYX"[-labels.ndim :])
    seen = np.ones(labels.shape, bool) if reviewed is None else reviewed
    return CorrectedImage(image, labels, seen, name="leaf", **more)


def disc(at: tuple[int, int], radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:80, :80]
    return np.hypot(rows - at[0], columns - at[1]) <= radius


def touching() -> np.ndarray:
    labels = np.zeros((80, 80), np.int32)
    labels[disc((30, 30), 10)] = 1
    labels[disc((30, 50), 10)] = 2
    labels[disc((48, 40), 10)] = 3
    return labels


def test_objects_that_touch_are_no_contradiction() -> None:
    assert find_inconsistencies([corrected(touching())]) == []


def test_an_object_drawn_twice_is_found() -> None:
    labels = touching()
    labels[disc((29, 30), 8)] = 4  # over the first, of which a ring is left
    (said,) = find_inconsistencies([corrected(labels)])
    assert "Objects 1 and 4 of “leaf”" in said
    assert "drawn twice" in said


def test_one_id_for_two_objects_is_found_but_not_a_nucleus_cut_by_a_scratch() -> None:
    labels = touching()
    labels[30, :] = 0
    assert find_inconsistencies([corrected(labels)]) == []
    labels[disc((70, 70), 8)] = 1
    (said,) = find_inconsistencies([corrected(labels)])
    assert "Object 1 of “leaf” is in 3 parts that lie apart" in said


def test_a_stray_dab_is_no_second_object() -> None:
    labels = touching()
    labels[75:77, 75:77] = 1
    assert find_inconsistencies([corrected(labels)]) == []


def test_reviewed_objects_without_background_are_found() -> None:
    (said,) = find_inconsistencies([corrected(touching(), touching() > 0)])
    assert "no background" in said


def test_a_tissue_without_background_is_none() -> None:
    rows, columns = np.ogrid[:80, :80]
    tissue = (rows // 20 * 4 + columns // 20 + 1).astype(np.int32)
    assert find_inconsistencies([corrected(tissue)]) == []


def test_what_the_model_drew_or_nobody_reviewed_is_not_complained_of() -> None:
    labels = touching()
    labels[disc((70, 70), 8)] = 1
    assert find_inconsistencies([corrected(labels, prediction=labels.copy())]) == []
    reviewed = np.zeros(labels.shape, bool)
    reviewed[20:60, 58:] = True  # only the edge of object 2 and background
    assert find_inconsistencies([corrected(labels, reviewed)]) == []


def test_the_slice_of_a_stack_is_named_and_three_of_a_sort_are_enough() -> None:
    labels = touching()
    labels[disc((70, 70), 8)] = 1
    said = find_inconsistencies([corrected(np.stack([labels] * 5))])
    assert len(said) == 3
    assert "(slice 0)" in said[0]
