"""Broken tracks are found, whole ones are left alone."""

from __future__ import annotations

import numpy as np
from movies import draw_movie, straight

from napari_unet.events import drain
from napari_unet.tracking.layer_data import tracks_layer_data
from napari_unet.tracking.objects import measure_frame
from napari_unet.tracking.run import track_steps
from napari_unet.tracking.suspicion import find_broken_tracks
from napari_unet.tracking.tracks import tracks_of_labels


def suspicions(labels: np.ndarray, parents=None) -> list[tuple[int, int, str]]:
    frames = [measure_frame(frame) for frame in labels]
    found = find_broken_tracks(tracks_of_labels(labels, parents), frames, diameter=12.0)
    return [(s.track, s.frame, s.kind) for s in found]


def test_whole_tracks_births_and_what_walks_in_over_the_border_are_left_alone() -> None:
    ways = {
        1: straight((20, 20), (1, 1), range(6)),
        2: straight((60, -10), (0, 4), range(2, 6)),
        3: {0: (50, 50), 1: (50, 50)},
        4: dict.fromkeys(range(2, 6), (44, 50)),
        5: dict.fromkeys(range(2, 6), (56, 50)),
    }
    assert suspicions(draw_movie(ways), {4: 3, 5: 3}) == []


def test_what_begins_or_ends_in_the_middle_is_told_and_the_short_first() -> None:
    ways = {1: straight((20, 20), (0, 0), range(2, 8)), 2: straight((60, 60), (0, 0), range(5)), 3: {4: (40, 40)}}
    found = suspicions(draw_movie(ways))
    assert set(found) == {(1, 2, "begins"), (2, 4, "ends"), (3, 4, "begins"), (3, 4, "ends")}
    assert {track for track, *_ in found[:2]} == {3}


def test_a_jump_is_one_for_a_slow_cell_only() -> None:
    slow = {t: (20, 10 + t + (12 if t >= 4 else 0)) for t in range(8)}
    fast = {t: (60, 8 + 9 * t) for t in range(8)}
    assert suspicions(draw_movie({1: slow, 2: fast}, shape=(80, 90))) == [(1, 4, "jumps")]


def test_a_sudden_change_of_size() -> None:
    small = draw_movie({1: dict.fromkeys(range(6), (40, 40))}, radius=5)
    large = draw_movie({1: dict.fromkeys(range(6), (40, 40))}, radius=9)
    labels = np.concatenate([small[:3], large[3:]])
    assert suspicions(labels) == [(1, 3, "changes size")]


def test_points_and_graph_for_a_viewer() -> None:
    labels = draw_movie({3: straight((20, 10), (0, 5), range(3)), 8: {2: (50, 50)}})
    tracking = drain(track_steps(labels))
    points, graph = tracks_layer_data(tracking.tracks, tracking.frames)
    assert points.tolist() == [[1, 0, 20, 10], [1, 1, 20, 15], [1, 2, 20, 20], [2, 2, 50, 50]]
    assert graph == {}
    family = draw_movie({1: {0: (20, 20)}, 2: {1: (14, 20)}, 3: {1: (30, 20)}})
    frames = [measure_frame(frame) for frame in family]
    assert tracks_layer_data(tracks_of_labels(family, {2: 1, 3: 1}), frames)[1] == {2: [1], 3: [1]}
