"""The default reviewed region: round what was corrected, with whole objects in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk

from napari_unet.corrections.comparison import classify, object_areas
from napari_unet.corrections.difference import find_differences
from napari_unet.corrections.reviewed import Neighbourhoods, neighbourhood, reviewed_share, typical_diameter


@pytest.fixture
def field():
    """100 discs of 17 px, 20 px apart, ids 1 to 100, in 200 x 200 pixels."""
    labels = np.zeros((200, 200), np.int32)
    for number in range(100):
        labels[disk((10 + 20 * (number // 10), 10 + 20 * (number % 10)), 9)] = number + 1
    return labels


def assert_whole_objects(labels, reviewed):
    inside, areas = object_areas(np.where(reviewed, labels, 0)), object_areas(labels)
    assert {key: areas[key] for key in inside} == inside


def test_nothing_changed_nothing_reviewed(field):
    assert not neighbourhood(field, field.copy()).any()


@pytest.mark.parametrize("change", ["redrawn", "removed", "split", "merged", "added"])
def test_near_what_changed_and_nowhere_else(field, change):
    now = field.copy()
    if change == "redrawn":
        now[85:90, 100:120][now[85:90, 100:120] == 46] = 0
    elif change == "removed":
        now[now == 46] = 0
    elif change == "split":
        now[90:, :][now[90:, :] == 46] = 500
    elif change == "merged":
        now[now == 47] = 46
    else:
        field[field == 46] = 0
    reviewed = neighbourhood(field, now)
    centre = 10 + 20 * 4, 10 + 20 * 5
    assert reviewed[disk(centre, 12)].all()
    away = np.ones(field.shape, bool)
    away[disk(centre, 65, shape=field.shape)] = False
    assert not reviewed[away].any()
    assert_whole_objects(now, reviewed)


def test_a_neighbour_that_reaches_far_away_is_left_out(field):
    field[100:102, :] = 300  # a long object that passes the corrected one
    now = field.copy()
    now[now == 46] = 0
    reviewed = neighbourhood(field, now)
    assert reviewed[now == 0].any()
    assert not reviewed[now == 300].any()


def test_other_ids_alone_are_not_reviewed(field):
    renamed = np.where(field, 101 - field, 0).astype(np.int32)
    assert not neighbourhood(field, renamed).any()


def test_a_large_corrected_object_is_reviewed_whole(field):
    field[40:160, 40:160] = 500
    now = field.copy()
    now[40:42, 40:42] = 0
    reviewed = neighbourhood(field, now)
    assert reviewed[now == 500].all()


@given(st.lists(st.tuples(st.integers(0, 199), st.integers(0, 199), st.integers(0, 120)), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_following_edits_gives_what_starting_afresh_gives(edits):
    before = np.zeros((200, 200), np.int32)
    for number in range(100):
        before[disk((10 + 20 * (number // 10), 10 + 20 * (number % 10)), 9)] = number + 1
    now = before.copy()
    followed = Neighbourhoods(diameter=18.0)
    mask = np.zeros(before.shape, bool)
    for row, column, object_id in edits:
        now[disk((row, column), 6, shape=now.shape)] = object_id
        difference = find_differences(before, now)
        comparison = classify(difference, object_areas(before))
        for region in followed.update(before, now, difference, comparison):
            if region is not None:
                mask[region] = False
                followed.paint(mask, region)
        np.testing.assert_array_equal(mask, neighbourhood(before, now, diameter=18.0))
        assert mask[comparison.mask(before, now)].all()
        assert_whole_objects(now, mask)


def test_share_and_typical_diameter(field):
    reviewed = np.zeros((10, 10), np.uint8)
    reviewed[:3] = 2
    assert reviewed_share(reviewed) == pytest.approx(0.3)
    assert typical_diameter(object_areas(field).values()) == pytest.approx(18, abs=1)
    assert typical_diameter([]) > 1


def test_parts_of_an_object_far_apart_are_reviewed_each(field):
    now = field.copy()
    now[disk((10, 10), 4)] = 89
    reviewed = neighbourhood(field, now)
    assert reviewed[now == 89].all()
    assert not reviewed[90:110, 90:110].any()


def test_background_filled_by_mistake_is_not_marked():
    before = np.zeros((1500, 1500), np.int32)
    before[disk((700, 700), 20)] = 1
    assert not neighbourhood(before, np.where(before == 0, 7, before).astype(np.int32))[0].any()
