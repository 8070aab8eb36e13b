"""Tracks are connected, cut, swapped, and divisions marked; each can be taken back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.errors import UserError
from napari_unet.tracking.corrections import TrackChange, apply_change, connect_tracks, cut_track, mark_division, swap
from napari_unet.tracking.tracks import Tracks


def make(spans: dict[int, range], parents: dict[int, int] | None = None) -> Tracks:
    """Tracks in the frames given; an object's label in its frame is ten times its track."""
    rows = [(track, frame, 10 * track) for track, frames in spans.items() for frame in frames]
    return Tracks(*np.array(rows, np.int64).reshape(-1, 3).T, parents or {})


FAMILY = make({1: range(5), 2: range(5, 8), 3: range(5, 9), 4: range(9), 7: range(6, 9)}, {2: 1, 3: 1})


def test_connecting_makes_one_track_and_takes_the_mother_away() -> None:
    tracks = make({1: range(3), 2: range(4, 6), 3: range(6, 8), 4: range(6, 8), 5: range(4)}, {2: 5, 3: 2, 4: 2})
    after = apply_change(tracks, connect_tracks(tracks, 1, 2))
    assert after.spans() == {1: (0, 5), 3: (6, 7), 4: (6, 7), 5: (0, 3)}
    assert after.parents == {3: 1, 4: 1}


def test_cutting_gives_the_rest_a_new_id_and_the_daughters() -> None:
    after = apply_change(FAMILY, cut_track(FAMILY, 1, 3))
    assert after.spans()[1] == (0, 2)
    assert after.spans()[8] == (3, 4)
    assert after.parents == {2: 8, 3: 8}


def test_a_daughter_who_is_none_is_cut_from_her_mother_and_the_other_one_can_go_on_as_the_mother() -> None:
    alone = apply_change(FAMILY, cut_track(FAMILY, 2, 5))
    assert alone.parents == {3: 1}
    np.testing.assert_array_equal(alone.track, FAMILY.track)
    assert apply_change(alone, cut_track(FAMILY, 2, 5).inverse).parents == FAMILY.parents
    joined = apply_change(alone, connect_tracks(alone, 1, 3))
    assert (joined.parents, joined.spans()[1]) == ({}, (0, 8))


def test_marking_a_division_ends_the_mother_where_the_daughter_begins() -> None:
    after = apply_change(FAMILY, mark_division(FAMILY, 4, 7))
    assert after.spans()[4] == (0, 5)
    assert after.spans()[8] == (6, 8)
    assert after.parents == {2: 1, 3: 1, 7: 4, 8: 4}


def test_a_mother_who_has_ended_gets_one_more_daughter() -> None:
    after = apply_change(FAMILY, mark_division(FAMILY, 1, 7))
    assert after.parents == {2: 1, 3: 1, 7: 1}
    assert after.spans()[1] == (0, 4)


def test_swapping_exchanges_what_comes_after_with_the_daughters() -> None:
    change = swap(FAMILY, 1, 4, 2)
    after = apply_change(FAMILY, change)
    assert after.spans()[1] == (0, 8)
    assert after.spans()[4] == (0, 4)
    assert after.label[after.rows_of(1)].tolist() == [10, 10, *[40] * 7]
    assert after.parents == {2: 4, 3: 4}


@pytest.mark.parametrize(
    ("correct", "sentence"),
    [
        (lambda: connect_tracks(FAMILY, 4, 2), "Track 4 is still there in frame 5, where track 2 begins"),
        (lambda: connect_tracks(FAMILY, 1, 7), "Track 1 ends in a division, into 2 and 3"),
        (lambda: connect_tracks(FAMILY, 1, 99), "There is no track 99"),
        (lambda: connect_tracks(FAMILY, 2, 2), "cannot be connected with itself"),
        (lambda: cut_track(FAMILY, 1, 0), "Track 1 goes from frame 0 to 4"),
        (lambda: cut_track(FAMILY, 2, 4), "Track 2 goes from frame 5 to 7"),
        (lambda: mark_division(FAMILY, 7, 4), "Track 7 begins in frame 6"),
        (lambda: swap(FAMILY, 1, 2, 6), "Track 1 goes from frame 0 to 4"),
        (lambda: swap(FAMILY, 2, 2, 6), "cannot be swapped with itself"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(correct, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        correct()


def test_a_change_fits_only_the_tracks_it_was_made_for() -> None:
    change = cut_track(FAMILY, 1, 3)
    with pytest.raises(ValueError, match="not the tracks"):
        apply_change(apply_change(FAMILY, change), change)


def some_change(data: st.DataObject, tracks: Tracks) -> TrackChange | None:
    """Any correction that is not refused."""
    ids = tracks.ids.tolist()
    one, other, frame = (data.draw(st.sampled_from(values)) for values in (ids, ids, range(1, 9)))
    kind = data.draw(st.sampled_from([connect_tracks, mark_division, cut_track, swap]))
    arguments = {
        connect_tracks: (one, other),
        mark_division: (one, other),
        cut_track: (one, frame),
        swap: (one, other, frame),
    }[kind]
    try:
        return kind(tracks, *arguments)
    except UserError:
        return None


@given(st.data())
def test_undoing_restores_whatever_was_done(data) -> None:
    tracks = [FAMILY]
    changes: list[TrackChange] = []
    for _ in range(6):
        change = some_change(data, tracks[-1])
        if change is None:
            continue
        changes.append(change)
        tracks.append(apply_change(tracks[-1], changes[-1]))
        assert sorted(zip(tracks[-1].frame, tracks[-1].label, strict=True)) == sorted(
            zip(FAMILY.frame, FAMILY.label, strict=True)
        )
    for before, after, change in zip(tracks[-2::-1], tracks[:0:-1], changes[::-1], strict=True):
        assert apply_change(after, change.inverse).same_as(before)
        assert apply_change(before, change.inverse.inverse).same_as(after)
