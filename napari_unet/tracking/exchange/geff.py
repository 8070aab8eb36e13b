"""Tracks as GEFF, the graph exchange file format: a Zarr group of nodes (objects) and edges (what becomes what).

Written after its specification (https://liveimagetrackingtools.org/geff/), version 1.1, with Zarr alone: its own
library wants older codecs than current Zarr has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from napari_unet.errors import UserError, require
from napari_unet.images.units import LENGTH_UNIT, NO_UNIT, TIME_UNIT
from napari_unet.labels.types import Ints
from napari_unet.tracking.objects import FrameObjects
from napari_unet.tracking.tracks import (
    Tracks,
)

_VERSION = "1.1"
_SPEC_UNITS = {LENGTH_UNIT: "micrometer", TIME_UNIT: "second", NO_UNIT: "pixel"}
_LABEL_NAMES = ("label", "seg_id", "segmentation_id")


def write_geff(
    path: Path,
    tracks: Tracks,
    frames: Sequence[FrameObjects],
    scale: Mapping[str, float] | None = None,
    units: Mapping[str, str] | None = None,
    labels_path: str | None = None,
) -> Path:
    """Write `tracks` to the folder `path`: time in frames, positions in the unit of `scale`.

    Parameters
    ----------
    frames
        The measured objects of each frame (`Tracking.frames`), whose ids are `tracks.label`.
    scale, units
        Pixel size and its unit by axis letter; 1 and "pixel" where they are missing.
    labels_path : str, optional
        Where the labels lie, relative to `path`; a node's `label` is its id there.
    """
    axes = "zyx"[-len(frames[0].pixel) :] if frames else "yx"
    centres, area = _measures(tracks, frames)
    sizes = [float((scale or {}).get(letter.upper(), 1.0)) for letter in axes]
    values: dict[str, npt.NDArray[Any]] = {"t": tracks.frame.astype(np.uint32)}
    values |= {letter: centres[:, i] * size for i, (letter, size) in enumerate(zip(axes, sizes, strict=True))}
    values |= {"label": tracks.label.astype(np.uint32), "track": tracks.track.astype(np.uint32), "area": area}
    where = {letter: _SPEC_UNITS.get((units or {}).get(letter.upper(), NO_UNIT), "pixel") for letter in axes}
    try:
        group = zarr.open_group(path, mode="w", zarr_format=2)
        group.create_array("nodes/ids", data=np.arange(tracks.frame.size, dtype=np.uint64))
        for name, column in values.items():
            group.create_array(f"nodes/props/{name}/values", data=column)
        group.create_array("edges/ids", data=_edges(tracks).astype(np.uint64))
        group.require_group("edges/props")
        group.attrs["geff"] = _metadata(tracks, values, where, labels_path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}. Choose another folder.") from error
    return path


def _measures(tracks: Tracks, frames: Sequence[FrameObjects]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Centre in pixels and area of each row of `tracks`."""
    centres = np.zeros((tracks.frame.size, len(frames[0].pixel) if frames else 2))
    area = np.zeros(tracks.frame.size)
    for number, frame in enumerate(frames):
        rows = np.flatnonzero(tracks.frame == number)
        at = np.searchsorted(frame.ids, tracks.label[rows])
        centres[rows], area[rows] = frame.centre[at], frame.area[at]
    return centres, area


def _edges(tracks: Tracks) -> Ints:
    """(E, 2) pairs of rows: an object, and what it becomes."""
    at = {pair: row for row, pair in enumerate(zip(tracks.frame.tolist(), tracks.label.tolist(), strict=True))}
    links = tracks.links().tolist()
    return np.array([(at[a, b], at[c, d]) for a, b, c, d in links], np.int64).reshape(-1, 2)


def _metadata(
    tracks: Tracks, values: Mapping[str, npt.NDArray[Any]], units: Mapping[str, str], labels_path: str | None
) -> dict[str, Any]:
    spatial = [{"name": axis, "type": "space", "unit": unit, **_range(values[axis])} for axis, unit in units.items()]
    found: dict[str, Any] = {
        "geff_version": _VERSION,
        "directed": True,
        "axes": [{"name": "t", "type": "time", "unit": "frame", **_range(values["t"])}, *spatial],
        "node_props_metadata": {
            name: {"identifier": name, "dtype": column.dtype.name, "varlength": False, "unit": units.get(name)}
            for name, column in values.items()
        },
        "edge_props_metadata": {},
    }
    mothers = list(tracks.parents.values())
    if all(mothers.count(mother) > 1 for mother in set(mothers)):  # as the format defines a tracklet
        found["track_node_props"] = {"tracklet": "track"}
    if labels_path is not None:
        found["related_objects"] = [{"type": "labels", "path": labels_path, "label_prop": "label"}]
    return found


def _range(values: npt.NDArray[Any]) -> dict[str, float]:
    return {"min": float(values.min()), "max": float(values.max())} if values.size else {}


def read_geff(path: Path) -> Tracks:
    """The tracks of a GEFF folder whose nodes say which label they are.

    Raises
    ------
    UserError
        If it is no GEFF, its nodes lack a time or a label, or two objects become one.
    """
    try:
        group = zarr.open_group(path, mode="r")
        metadata: Any = group.attrs["geff"]
        nodes = np.asarray(group["nodes/ids"]).astype(np.int64)
        edges = np.asarray(group["edges/ids"]).astype(np.int64).reshape(-1, 2)
        names = set(group["nodes/props"].group_keys()) if "nodes/props" in group else set()  # type: ignore[union-attr]
        columns = {name: np.asarray(group[f"nodes/props/{name}/values"]) for name in _wanted(metadata, names, path)}
    except (KeyError, OSError, ValueError) as error:
        raise UserError(f"{path} is no GEFF graph that can be read here: {error}.") from error
    time, label = (columns[name].astype(np.int64) for name in _wanted(metadata, names, path))
    unknown = np.setdiff1d(edges, nodes)
    if unknown.size:
        raise UserError(f"{path} has an edge to node {unknown[0]}, which it does not have: export the graph again.")
    order = np.argsort(nodes)
    rows = order[np.searchsorted(nodes, edges, sorter=order)]
    rows = np.where((time[rows[:, 0]] > time[rows[:, 1]])[:, None], rows[:, ::-1], rows)
    return graph_tracks(time, label, rows, path.name)


def _wanted(metadata: Mapping[str, Any], names: set[str], path: Path) -> tuple[str, str]:
    """Names of the properties that hold a node's frame and label."""
    time = next((axis["name"] for axis in metadata.get("axes") or () if axis.get("type") == "time"), "t")
    related = [item for item in metadata.get("related_objects") or () if item.get("type") == "labels"]
    given = [item.get("node_prop") or item.get("label_prop") for item in related]
    label = next((name for name in (*given, *_LABEL_NAMES) if name in names), None)
    require(time in names, f"The nodes of {path} do not say their frame: export them with a time.")
    if label is None:
        raise UserError(f"The nodes of {path} do not say which label they are: export them with a property 'label'.")
    return time, label


def graph_tracks(frame: Ints, label: Ints, edges: Ints, name: str = "The graph") -> Tracks:
    """Tracks of a graph of objects: a chain without branches is one track, a branching is a division.

    `edges` (E, 2) are pairs of rows, the earlier one first.
    """
    level = np.flatnonzero(frame[edges[:, 0]] == frame[edges[:, 1]])
    if level.size:
        at = int(frame[edges[level[0], 0]])
        raise UserError(f"{name} has an edge between two objects of frame {at}: an edge goes to a later frame, cut it.")
    if np.unique(np.stack([frame, label]), axis=1).shape[1] != frame.size:
        raise UserError(f"{name} has several nodes for one object, alike in frame and label: leave one node an object.")
    past, children = np.bincount(edges[:, 1], minlength=frame.size), np.bincount(edges[:, 0], minlength=frame.size)
    if (past > 1).any():
        row = int(np.flatnonzero(past > 1)[0])
        raise UserError(f"{name} lets objects merge into object {label[row]} of frame {frame[row]}: cut one of them.")
    chained = edges[children[edges[:, 0]] == 1]
    previous = np.full(frame.size, -1, np.int64)
    previous[chained[:, 1]] = chained[:, 0]
    track = np.zeros(frame.size, np.int64)
    used = 0
    for row in np.lexsort((label, frame)):
        used += previous[row] < 0
        track[row] = used if previous[row] < 0 else track[previous[row]]
    born = edges[children[edges[:, 0]] > 1]
    return Tracks(track, frame, label, dict(zip(track[born[:, 1]].tolist(), track[born[:, 0]].tolist(), strict=True)))
