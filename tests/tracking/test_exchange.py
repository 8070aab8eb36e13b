"""Tracks go to the formats of others and come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from movies import draw_movie, straight

from napari_unet.errors import UserError
from napari_unet.tracking.exchange.ctc import read_ctc, without_gaps, write_ctc
from napari_unet.tracking.exchange.geff import graph_tracks, read_geff, write_geff
from napari_unet.tracking.objects import measure_frame
from napari_unet.tracking.tracks import Tracks, tracks_of_labels

WAYS = {
    1: dict.fromkeys(range(3), (40, 40)),
    2: straight((34, 40), (-1, 0), range(3, 6)),
    3: straight((46, 40), (1, 0), range(3, 6)),
    9: straight((10, 10), (0, 2), [0, 1, 4, 5]),
}
LABELS = draw_movie(WAYS)
TRACKS = tracks_of_labels(LABELS, {2: 1, 3: 1})
FRAMES = [measure_frame(frame) for frame in LABELS]


def same_partition(one: Tracks, other: Tracks) -> bool:
    """Whether the two group the objects alike, whatever the ids of tracks, mothers included."""
    return sorted(one.links().tolist()) == sorted(other.links().tolist()) and len(one) == len(other)


def test_ctc_cuts_gaps_and_joins_them_again(tmp_path: Path) -> None:
    write_ctc(tmp_path / "01_RES", LABELS, TRACKS)
    table = (tmp_path / "01_RES" / "res_track.txt").read_text().splitlines()
    assert table == ["1 0 2 0", "2 3 5 1", "3 3 5 1", "9 0 1 0", "10 4 5 9"]
    assert tifffile.imread(tmp_path / "01_RES" / "mask004.tif").dtype == np.uint16
    labels, tracks = read_ctc(tmp_path / "01_RES")
    assert np.array_equal(labels > 0, LABELS > 0)
    assert set(np.unique(labels[4])) == {0, 2, 3, 10}
    assert tracks.spans() == TRACKS.spans()
    assert tracks.parents == TRACKS.parents


def test_ctc_several_gaps_and_a_division_after_one() -> None:
    ways = {1: straight((10, 10), (0, 1), [0, 2, 4]), 2: {5: (30, 30)}, 3: {5: (50, 50)}}
    whole = without_gaps(tracks_of_labels(draw_movie(ways), {2: 1, 3: 1}))
    assert whole.spans() == {1: (0, 0), 2: (5, 5), 3: (5, 5), 4: (2, 2), 5: (4, 4)}
    assert whole.parents == {4: 1, 5: 4, 2: 5, 3: 5}


def test_ctc_truth_has_names_of_its_own(tmp_path: Path) -> None:
    write_ctc(tmp_path, LABELS, TRACKS, truth=True)
    assert (tmp_path / "man_track.txt").exists()
    assert len(list(tmp_path.glob("man_track*.tif"))) == len(LABELS)
    assert read_ctc(tmp_path)[1].parents == {2: 1, 3: 1}


def test_ctc_an_only_child_that_follows_at_once_is_a_daughter(tmp_path: Path) -> None:
    labels = draw_movie({1: straight((20, 20), (0, 1), range(3)), 2: straight((20, 20), (0, 1), range(3, 5))})
    write_ctc(tmp_path, labels, tracks_of_labels(labels, {2: 1}))
    assert read_ctc(tmp_path)[1].same_as(tracks_of_labels(labels, {2: 1}))


def test_ctc_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no res_track\.txt or man_track\.txt"):
        read_ctc(tmp_path)
    write_ctc(tmp_path, LABELS, TRACKS)
    table = tmp_path / "res_track.txt"
    good = table.read_text()
    for damaged, sentence in (
        (good.replace("9 0 1 0", "9 0 1"), "Line 4"),
        (good.replace("9 0 1 0", "9 0 3 0"), "the masks differ"),
        (good.replace("9 0 1 0\n", ""), "does not name object 9"),
    ):
        table.write_text(damaged)
        with pytest.raises(UserError, match=sentence):
            read_ctc(tmp_path)
    with pytest.raises(UserError, match="65535 tracks at most"):
        write_ctc(tmp_path, LABELS, Tracks(TRACKS.track + 70000, TRACKS.frame, TRACKS.label))


def test_geff_goes_and_comes_back(tmp_path: Path) -> None:
    scale, units = {"Y": 0.5, "X": 0.5, "T": 300.0}, {"Y": "micrometer", "X": "micrometer", "T": "second"}
    write_geff(tmp_path / "a.geff", TRACKS, FRAMES, scale, units, "../labels.tif")
    assert same_partition(read_geff(tmp_path / "a.geff"), TRACKS)
    group = zarr.open_group(tmp_path / "a.geff", mode="r")
    about = group.attrs["geff"]
    assert [(axis["name"], axis["type"], axis["unit"]) for axis in about["axes"]] == [
        ("t", "time", "frame"), ("y", "space", "micrometer"), ("x", "space", "micrometer"),
    ]  # fmt: skip
    assert about["track_node_props"] == {"tracklet": "track"}
    assert about["related_objects"] == [{"type": "labels", "path": "../labels.tif", "label_prop": "label"}]
    assert np.asarray(group["nodes/props/x/values"])[0] == pytest.approx(20.0)
    assert group["edges/ids"].shape == (2 + 2 + 2 + 3 + 2, 2)


def test_geff_of_an_only_daughter_claims_no_tracklets(tmp_path: Path) -> None:
    write_geff(tmp_path / "a.geff", tracks_of_labels(LABELS, {2: 1}), FRAMES)
    assert "track_node_props" not in zarr.open_group(tmp_path / "a.geff", mode="r").attrs["geff"]


def test_geff_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no GEFF graph"):
        read_geff(tmp_path)
    write_geff(tmp_path / "a.geff", TRACKS, FRAMES)
    group = zarr.open_group(tmp_path / "a.geff", mode="r+")
    del group["nodes/props/label"]
    with pytest.raises(UserError, match="do not say which label they are"):
        read_geff(tmp_path / "a.geff")
    merge = np.array([[0, 2], [1, 2]])
    with pytest.raises(UserError, match="merge into object 7 of frame 1"):
        graph_tracks(np.array([0, 0, 1]), np.array([5, 6, 7]), merge)


def test_nothing_at_all_goes_and_comes_back(tmp_path: Path) -> None:
    nothing = np.zeros((2, 8, 8), np.int32)
    write_ctc(tmp_path / "ctc", nothing, tracks_of_labels(nothing))
    assert len(read_ctc(tmp_path / "ctc")[1]) == 0
    write_geff(tmp_path / "a.geff", tracks_of_labels(nothing), [measure_frame(frame) for frame in nothing])
    assert len(read_geff(tmp_path / "a.geff")) == 0


@pytest.mark.parametrize("rows", ["1 0 2 2\n2 0 2 0\n", "1 0 2 0\n2 0 2 1\n", "1 0 2 1\n2 0 2 0\n"])
def test_ctc_a_parent_who_does_not_end_before_is_told(tmp_path: Path, rows: str) -> None:
    labels = draw_movie({1: straight((20, 20), (0, 0), range(3)), 2: straight((60, 60), (0, 0), range(3))})
    write_ctc(tmp_path, labels, tracks_of_labels(labels))
    (tmp_path / "res_track.txt").write_text(rows)
    with pytest.raises(UserError, match=r"is the parent of \d, which is there before \d ends: mend it"):
        read_ctc(tmp_path)


def test_ctc_masks_of_two_sizes_and_no_masks_are_told(tmp_path: Path) -> None:
    write_ctc(tmp_path, LABELS, TRACKS)
    masks = sorted(tmp_path.glob("mask*.tif"))
    tifffile.imwrite(masks[0], np.zeros((3, 3), np.uint16))
    with pytest.raises(UserError, match="cannot be read"):
        read_ctc(tmp_path)
    for mask in masks:
        mask.unlink()
    with pytest.raises(UserError, match=r"no masks \(mask\*\.tif\)"):
        read_ctc(tmp_path)


def test_geff_edges_to_nodes_that_are_not_there_are_told(tmp_path: Path) -> None:
    write_geff(tmp_path / "a.geff", TRACKS, FRAMES)
    group = zarr.open_group(tmp_path / "a.geff", mode="r+")
    edges, nodes = (np.asarray(group[name]) for name in ("edges/ids", "nodes/ids"))
    group["edges/ids"][0] = (edges[0, 0], 10**6)
    with pytest.raises(UserError, match="an edge to node 1000000, which it does not have: export the graph again"):
        read_geff(tmp_path / "a.geff")
    group["edges/ids"][:] = edges
    group["nodes/ids"][:] = np.where(nodes == edges[0, 1], 500, nodes)  # in between would be another one's row
    with pytest.raises(UserError, match=f"an edge to node {edges[0, 1]}"):
        read_geff(tmp_path / "a.geff")


def test_graphs_that_no_tracks_can_be_are_told() -> None:
    frame, label = np.array([0, 1, 1]), np.array([4, 5, 6])
    with pytest.raises(UserError, match="between two objects of frame 1: an edge goes to a later frame"):
        graph_tracks(frame, label, np.array([[1, 2]]))
    with pytest.raises(UserError, match="several nodes for one object"):
        graph_tracks(frame, np.array([4, 5, 5]), np.array([[0, 1]]))
    tracks = graph_tracks(frame, label, np.array([[0, 1], [0, 2]]))
    assert tracks.parents == {2: 1, 3: 1}
    assert len(graph_tracks(frame, label, np.zeros((0, 2), np.int64))) == 3
