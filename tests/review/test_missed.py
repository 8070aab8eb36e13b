"""Places where an object may have been missed: found, listed, gone once labelled, back after undo."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import disk

from napari_unet.corrections.accepting import accepted_background
from napari_unet.review.missed import find_missed
from napari_unet.review.queue import ReviewQueue
from napari_unet.review.screening import ObjectScreening
from napari_unet.review.suspicion import MEASURES

AREA = float(disk((0, 0), 10)[0].size)
FAINT_ONE, ANOTHER_VIEW = (30, 90), (70, 90)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(100, 120): two labelled discs; a third that only the mirrored image shows, a fourth that is faint in both."""
    labels = np.zeros((100, 120), np.int32)
    labels[disk((30, 30), 10)], labels[disk((70, 30), 10)] = 1, 2
    second = labels.copy()
    second[disk(ANOTHER_VIEW, 10)] = 7
    foreground = np.where(second > 0, 0.9, 0.05).astype(np.float32)
    foreground[disk((30, 30), 12)] = 0.9  # a wider outline than the label's: no object of its own
    foreground[disk(FAINT_ONE, 9)] = 0.45
    foreground[5:8, 60:63] = 0.9  # a speck
    return labels, second, np.stack([foreground, foreground])


def test_finds_what_is_not_labelled_and_of_a_usual_size() -> None:
    labels, second, maps = scene()
    found = find_missed(labels, second, maps, AREA)
    assert (found.ids < 0).all()
    assert sorted(map(tuple, found.centres.round().astype(int).tolist())) == [FAINT_ONE, ANOTHER_VIEW]
    assert not len(find_missed(labels, labels, np.where(labels > 0, 0.9, 0.6)[None].astype(np.float32), AREA))


def screening_of_scene() -> tuple[ObjectScreening, np.ndarray]:
    labels, second, maps = scene()
    screening = ObjectScreening(labels.shape, "YX")
    for _ in screening.measure(labels):
        pass
    screening.look(labels, (), second, maps)
    screening.look_for_missed(labels, (), second, maps)
    return screening, labels


def test_they_are_rows_with_one_reason_and_change_no_other_row() -> None:
    screening, labels = screening_of_scene()
    table = screening.table
    assert (table.ids > 0).sum() == 2 == (table.ids < 0).sum()
    missed = table.ids < 0
    assert {MEASURES[number].name for number in table.reason[missed]} == {"missed"}
    queue = ReviewQueue(table)
    assert (table.ids[queue.rows[:2]] < 0).all()
    assert table.centres[queue.rows[0]] == pytest.approx(ANOTHER_VIEW, abs=1)
    plain = ObjectScreening(labels.shape, "YX")
    for _ in plain.measure(labels):
        pass
    plain.look(labels, (), *scene()[1:])
    np.testing.assert_allclose(table.score[~missed], plain.table.score)


def test_a_place_goes_once_it_is_labelled_and_comes_back() -> None:
    screening, labels = screening_of_scene()
    before = screening.table.ids.tolist()
    labels[disk(FAINT_ONE, 9)] = 3
    screening.update(labels, (), [3], (20, 41, 80, 101))
    assert sorted(screening.table.ids.tolist())[-1] == 3
    assert (screening.table.ids < 0).sum() == 1
    labels[labels == 3] = 0
    screening.update(labels, (), [3], (20, 41, 80, 101))
    assert screening.table.ids.tolist() == before


def test_ids_are_unique_in_time_lapses_and_stacks() -> None:
    labels, second, maps = scene()
    stack = np.stack([labels, labels])
    for axes in ("TYX", "ZYX"):
        screening = ObjectScreening(stack.shape, axes)
        for _ in screening.measure(stack):
            pass
        for plane in screening.planes:
            screening.look(stack, plane, second, maps)
            screening.look_for_missed(stack, plane, second, maps)
        assert (screening.table.ids < 0).sum() == 4
        assert (screening.table.ids > 0).sum() == (4 if axes == "TYX" else 2)
        assert len(set(screening.table.ids[screening.table.ids < 0].tolist())) == 4


def test_that_nothing_is_there_is_said_of_the_place_and_of_no_object() -> None:
    labels, _, _ = scene()
    labels[25:28, 85:90] = 4
    mask = np.zeros(labels.shape, bool)
    mask[accepted_background(labels, (22, 39, 82, 99))] = True
    assert mask[20:41, 80:101].sum() == mask.sum() == 21 * 21 - 15
    assert not mask[labels == 4].any()
