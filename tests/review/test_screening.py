"""Measures of objects: they rank what is wrong, agree with scikit-image, and follow edits without starting over."""

from __future__ import annotations

import time
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk, ellipse
from skimage.measure import regionprops_table

from napari_unet.corrections.accepting import accepted_pixels
from napari_unet.labels.object_runs import find_overlaps, find_runs
from napari_unet.labels.stacks.sections import Sections, measure_sections
from napari_unet.review.screening import ObjectScreening
from napari_unet.review.suspicion import MEASURES, combine, ramp

SAID = ("foreground", "core", "weakness", "disagreement")


def screening_of(labels: np.ndarray, axes: str = "YX") -> ObjectScreening:
    screening = ObjectScreening(labels.shape, axes)
    assert list(screening.measure(labels)) == list(range(1, len(screening.planes) + 1))
    return screening


def discs(shape: tuple[int, int] = (100, 200), radius: int = 12) -> np.ndarray:
    labels = np.zeros(shape, np.int32)
    centres = [(row, column) for row in range(20, shape[0] - 10, 35) for column in range(20, shape[1] - 10, 35)]
    for number, centre in enumerate(centres, start=1):
        labels[disk(centre, radius)] = number
    return labels


def value(screening: ObjectScreening, name: str, object_id: int, frame: int = 0) -> float:
    table = screening.table
    return float(table.values[name][table.find(frame, object_id)])


def test_sections_agree_with_scikit_image() -> None:
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 6, (9, 11)), np.ones((4, 5), int)).astype(np.int32)
    image = rng.random((1, *labels.shape)).astype(np.float32)
    found = measure_sections(labels, maps=image)
    names = ("label", "area", "bbox", "centroid", "axis_major_length", "axis_minor_length", "mean_intensity")
    known = regionprops_table(labels, image[0], properties=names)
    np.testing.assert_array_equal(found.ids, known["label"])
    np.testing.assert_array_equal(found.area, known["area"])
    np.testing.assert_array_equal(found.boxes, np.stack([known[f"bbox-{i}"] for i in (0, 2, 1, 3)], axis=1))
    np.testing.assert_allclose(found.centres, np.stack([known["centroid-0"], known["centroid-1"]], axis=1))
    # scikit-image takes pixels for points, which have no extent of their own
    np.testing.assert_allclose(found.elongation, known["axis_major_length"] / known["axis_minor_length"], rtol=2e-3)
    np.testing.assert_allclose(found.foreground, known["mean_intensity"], rtol=1e-5)
    np.testing.assert_allclose(found.core, [image[0][labels == i].max() for i in found.ids])
    inside = labels[found.probes[..., 0], found.probes[..., 1]]
    np.testing.assert_array_equal(inside, np.repeat(found.ids[:, None], 5, axis=1))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_overlaps_are_those_of_the_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 12, 2)
    a, b = rng.integers(0, 4, shape), rng.integers(0, 4, shape)
    found = list(zip(*(part.tolist() for part in find_overlaps(a, b)), strict=True))
    shared = {(i, j): int(((a == i) & (b == j)).sum()) for i in range(1, 4) for j in range(1, 4)}
    assert found == [(i, j, n) for (i, j), n in shared.items() if n]
    assert find_runs(a).lengths.sum() == (a > 0).sum()


def test_form_and_size_are_judged_by_what_is_usual() -> None:
    labels = discs()
    labels[labels == 3] = 0
    labels[disk((20, 90), 4)] = 3  # a speck
    labels[disk((55, 75), 9)] = 20  # two discs as one
    labels[disk((55, 92), 9)] = 20
    labels[labels == 8] = 20
    screening = screening_of(labels)
    order = screening.table.ids[np.argsort(-screening.table.score)]
    assert set(order[:2].tolist()) == {3, 20}
    assert value(screening, "size", 3) > 5 > 1 > value(screening, "size", 1)
    assert value(screening, "shape", 20) > 0.1 > 0.02 > value(screening, "shape", 1)


def test_what_the_network_says_counts() -> None:
    labels = discs()
    maps = np.zeros((2, *labels.shape), np.float32)
    maps[:, labels > 0] = 0.95
    maps[:, labels == 4] = 0.55
    second = labels.copy()
    second[labels == 5] = 0
    screening = screening_of(labels)
    assert np.isnan(value(screening, "confidence", 4))
    screening.look(labels, (), second, maps)
    assert value(screening, "confidence", 4) == pytest.approx(1 - 0.55**2, abs=1e-3)
    assert value(screening, "disagreement", 5) == 1
    assert value(screening, "disagreement", 6) == 0
    assert set(screening.table.ids[np.argsort(-screening.table.score)[:2]].tolist()) == {4, 5}


def test_what_the_network_says_of_all_objects_alike_is_held_against_none() -> None:
    labels = discs()
    maps = np.zeros((2, *labels.shape), np.float32)
    maps[:, labels > 0] = 0.8  # doubt of .36, of all
    maps[:, labels == 4] = 0.7  # and of .51
    screening = screening_of(labels)
    assert np.isnan(value(screening, "confidence", 1))  # it is asked for before the network has looked, and after that
    screening.look(labels, (), labels, maps)
    assert value(screening, "confidence", 1) == pytest.approx(0.12, abs=1e-3)
    assert value(screening, "confidence", 4) == pytest.approx(0.12 + 0.15, abs=1e-3)
    worst, rest = screening.table.score.max(), np.delete(screening.table.score, 3)
    assert worst == screening.table.score[3] > 0.3 > 0.1 > rest.max()


def test_bays_that_all_objects_have_are_held_against_none() -> None:
    labels = np.zeros((80, 240), np.int32)
    for number in range(10):
        row, column = divmod(number, 5)
        labels[5 + 40 * row : 25 + 40 * row, 5 + 45 * column : 35 + 45 * column] = number + 1
        if number < 9:
            labels[5 + 40 * row : 18 + 40 * row, 20 + 45 * column : 35 + 45 * column] = 0  # an L
    labels[60:70, 185:200] = 0  # the last one is a C
    screening = screening_of(labels)
    assert value(screening, "shape", 1) == pytest.approx(0.02, abs=1e-6)
    assert value(screening, "shape", 1) < 0.1 * (1 - screening.sections(()).fill[0])


def test_an_edit_does_not_change_what_is_usual() -> None:
    labels = discs()
    labels[disk((20, 20), 5)] = 0  # a ring, smaller than others, with a hole
    maps = np.full((2, *labels.shape), 0.8, np.float32)
    maps[:, labels == 1] = 0.6
    screening = screening_of(labels)
    screening.look(labels, (), labels, maps)
    before = {name: value(screening, name, 1) for name in ("confidence", "size", "shape")}
    edited = labels.copy()
    for key in range(2, labels.max() + 1):
        edited[labels == key] = 0
    screening.update(edited, (), range(2, labels.max() + 1), (0, 100, 0, 200))
    assert {name: value(screening, name, 1) for name in before} == before
    hurried = screening_of(labels)
    hurried.look(labels, (), labels, maps)
    hurried.update(edited, (), range(2, labels.max() + 1), (0, 100, 0, 200))  # before anybody asked for anything
    assert {name: value(hurried, name, 1) for name in before} == before


def test_a_contact_without_a_dip_is_weaker_than_one_with_a_dip() -> None:
    labels = np.zeros((40, 120), np.int32)
    for number in (1, 2, 3, 4):
        labels[ellipse(20, 25 * number, 12, 13)] = number
    labels[:, 62] = 0  # 1 touches 2, and 3 touches 4
    maps = np.where(labels > 0, 0.9, 0.1)[None].repeat(2, axis=0).astype(np.float32)
    maps[1, :, 36:39] = 0.05  # a dip between 1 and 2
    screening = screening_of(labels)
    screening.look(labels, (), labels, maps)
    sections = screening.sections(())
    seams = np.concatenate([np.where(labels > 0, 0.9, 0.1)[None].repeat(2, axis=0), np.zeros((1, *labels.shape))])
    seams[2, :, 36:39] = 0.95  # the same as a seam
    screening.look(labels, (), labels, seams)
    np.testing.assert_allclose(screening.sections(()).weakness, sections.weakness, atol=0.01)
    assert sections.contact[0] > 0.05
    assert sections.weakness[2] == sections.weakness[3] > 5 * sections.weakness[0]
    assert screening.sections(()).contact[0] == pytest.approx(sections.contact[1], rel=0.3)


def test_objects_that_vanish_between_slices() -> None:
    labels = np.zeros((6, 40, 160), np.int32)
    labels[(slice(1, 5), *disk((20, 20), 10))] = 1  # as it should be
    labels[(3, *disk((20, 50), 10))] = 2  # in one slice only
    labels[(slice(0, 6), *disk((20, 80), 10))] = 3
    labels[2][labels[2] == 3] = 0  # gone for one slice
    labels[(slice(0, 3), *disk((20, 110), 10))] = 4
    labels[(slice(3, 6), *disk((20, 110), 10))] = 5  # goes on under another id
    screening = screening_of(labels, "ZYX")
    found = {i: value(screening, "continuity", i) for i in range(1, 6)}
    assert found == {1: 0, 2: 1, 3: 1, 4: 0.7, 5: 0.7}
    table = screening.table
    assert len(table) == 5
    assert screening.planes[table.planes[table.find(0, 2)]] == (3,)
    assert screening.planes[table.planes[table.find(0, 3)]] in {(1,), (3,)}


def test_objects_that_vanish_between_frames() -> None:
    labels = np.zeros((4, 60, 100), np.int32)
    for frame in range(4):
        labels[(frame, *disk((20, 20 + 2 * frame), 8))] = frame + 1  # an id in each frame, as segmentation gives
        if frame != 2:
            labels[(frame, *disk((40, 70), 8))] = 11
    labels[(1, *disk((45, 20), 5))] = 21  # a flash
    screening = screening_of(labels, "TYX")
    assert [value(screening, "continuity", frame + 1, frame) for frame in range(4)] == [0, 0, 0, 0]
    assert value(screening, "continuity", 11, 1) == 1
    assert value(screening, "continuity", 11, 0) == 0
    assert value(screening, "continuity", 21, 1) == 1
    assert len(screening.table) == 4 + 3 + 1


def test_an_empty_image_has_no_objects() -> None:
    screening = screening_of(np.zeros((3, 20, 20), np.int32), "ZYX")
    assert len(screening.table) == 0
    assert screening.reviewed(np.zeros((3, 20, 20), np.uint8)).size == 0
    assert len(Sections.join([])) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=len(MEASURES), max_size=len(MEASURES)))
def test_the_score_rises_with_each_measure_and_stays_in_its_scale(pairs: list[tuple[float, float]]) -> None:
    low = {m.name: np.array([min(pair)]) for m, pair in zip(MEASURES, pairs, strict=True)}
    high = {m.name: np.array([max(pair)]) for m, pair in zip(MEASURES, pairs, strict=True)}
    assert 0 <= combine(low)[0] <= combine(high)[0] <= 1
    for measure in MEASURES:
        raised = combine({**low, measure.name: np.array([1.0])})[0]
        assert raised >= combine(low)[0] - 1e-12
    assert combine({m.name: np.zeros(1) for m in MEASURES})[0] == 0


def test_what_is_not_known_is_no_risk() -> None:
    np.testing.assert_array_equal(ramp([np.nan, 0, 0.5, 2], 0, 1), [0, 0, 0.5, 1])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_following_edits_gives_what_measuring_anew_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = np.zeros((3, 50, 60), np.int32)
    for z in range(3):
        for number in range(1, 9):
            row, column = rng.integers(0, 50), rng.integers(0, 60)
            before[(z, *ellipse(row, column, *rng.integers(3, 9, 2), shape=(50, 60)))] = number
    screening = screening_of(before, "ZYX")
    _ = screening.table
    now, z = before.copy(), int(rng.integers(0, 3))
    top, left = int(rng.integers(0, 40)), int(rng.integers(0, 50))
    part = (slice(top, top + int(rng.integers(2, 10))), slice(left, left + int(rng.integers(2, 10))))
    now[z][part] = rng.integers(0, 11)
    rows, columns = np.nonzero(now[z] != before[z])
    if not rows.size:
        return
    ids = {*before[z][rows, columns].tolist(), *now[z][rows, columns].tolist()}
    box = (int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1)
    screening.update(now, (z,), ids, box)
    found, wanted = screening.sections((z,)), screening_of(now, "ZYX").sections((z,))
    np.testing.assert_array_equal(found.ids, wanted.ids)
    changed = np.isin(found.ids, list(ids))
    for field in fields(Sections):
        one, other = getattr(found, field.name), getattr(wanted, field.name)
        same = changed if field.name == "contact" else slice(None)  # neighbours are asked again as far as they are seen
        np.testing.assert_allclose(one[same], other[same], err_msg=field.name)
    screening.update(before, (z,), ids, box)
    np.testing.assert_allclose(screening.sections((z,)).area, screening_of(before, "ZYX").sections((z,)).area)


def test_what_the_network_said_goes_with_an_outline_and_comes_back_with_it() -> None:
    labels = discs()
    maps = np.full((2, *labels.shape), 0.8, np.float32)
    screening = screening_of(labels)
    screening.look(labels, (), labels, maps)
    before = screening.table
    edited = labels.copy()
    edited[10:20, 20] = 0  # cuts into object 1
    screening.update(edited, (), {0, 1}, (10, 20, 20, 21))
    assert all(np.isnan(getattr(screening.sections(()), name)[0]) for name in SAID)
    np.testing.assert_array_equal(screening.table.score[1:], before.score[1:])
    screening.update(labels, (), {0, 1}, (10, 20, 20, 21))
    np.testing.assert_allclose(screening.table.score, before.score)


def test_reviewed_is_what_is_mostly_reviewed_in_a_slice() -> None:
    labels = np.stack([discs()] * 2)
    screening = screening_of(labels, "ZYX")
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[1][labels[1] == 2] = 1
    reviewed[0, :, :20] = 1  # a good third of objects 1 and 6
    assert screening.table.ids[screening.reviewed(reviewed)].tolist() == [2]
    assert not screening.reviewed(None).any()


def test_accepting_marks_the_object_and_background_but_no_neighbour() -> None:
    labels = discs(radius=16)
    box = tuple(screening_of(labels).sections(()).boxes[1].tolist())
    rows, columns = accepted_pixels(labels, 2, box, diameter=32)
    marked = np.zeros(labels.shape, bool)
    marked[rows, columns] = True
    assert marked[labels == 2].all()
    assert set(labels[marked].tolist()) == {0, 2}
    assert marked.sum() > 1.2 * (labels == 2).sum()
    assert accepted_pixels(labels, 99, box, 32)[0].size == 0


def test_two_thousand_objects_take_less_than_a_second() -> None:
    labels = np.zeros((2048, 2048), np.int32)
    for number, (row, column) in enumerate(np.ndindex(45, 45), start=1):
        labels[ellipse(45 * row + 22, 45 * column + 22, 20, 18)] = number
    maps = np.where(labels > 0, np.float32(0.9), np.float32(0.1))[None].repeat(2, axis=0)
    screening, times = screening_of(labels), []
    for _ in range(3):
        started = time.process_time()  # the machine may have other things to do
        screening.look(labels, (), labels, maps)
        assert len(screening.table.score) == 2025
        times.append(time.process_time() - started)
    assert min(times) < 1
