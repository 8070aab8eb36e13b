"""Tracks in the format of the Cell Tracking Challenge: a mask a frame, and a text file of tracks.

Each line of `res_track.txt` (a result) or `man_track.txt` (a ground truth) is `L B E P`: label, first and last frame,
label of the parent or 0. A track may have no gap: what is missing for a while goes on, in the file, as a track whose
parent is the part before, and becomes one track again when it is read. Format:
https://celltrackingchallenge.net/datasets/
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_unet.errors import UserError, require
from napari_unet.tracking.relabelling import relabel_by_track
from napari_unet.tracking.tracks import Tracks, tracks_of_labels

_TABLES = ("res_track.txt", "man_track.txt")
_LARGEST = np.iinfo(np.uint16).max


def write_ctc(folder: Path, labels: Any, tracks: Tracks, truth: bool = False) -> Path:
    """Write `labels` (T, (Z,) Y, X; the ids of `tracks`' objects) to `folder`, as a result or as a ground truth.

    Raises
    ------
    UserError
        If there are more tracks than 16 bits can name, which the format demands, or the folder cannot be written.
    """
    whole = without_gaps(tracks)
    numbers = relabel_by_track(labels, whole)
    require(
        int(numbers.max(initial=0)) <= _LARGEST,
        f"The Cell Tracking Challenge's format holds {_LARGEST} tracks at most: export as GEFF or TIFF.",
    )
    digits = max(3, len(str(len(numbers) - 1)))
    table, name = ("man_track.txt", "man_track") if truth else ("res_track.txt", "mask")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(numbers):
            path = folder / f"{name}{number:0{digits}}.tif"
            tifffile.imwrite(path, frame.astype(np.uint16), compression="zlib", photometric="minisblack")
        (folder / table).write_text(_table(tracks_of_labels(numbers, whole.parents)), encoding="ascii")
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}. Choose another folder.") from error
    return folder


def without_gaps(tracks: Tracks) -> Tracks:
    """`tracks` cut at each gap, the later part a single daughter of the earlier one."""
    again = np.flatnonzero((tracks.track[1:] == tracks.track[:-1]) & (tracks.frame[1:] > tracks.frame[:-1] + 1)) + 1
    track, parents = tracks.track.copy(), dict(tracks.parents)
    free = int(track.max(initial=0))
    for row in again:
        old, free = int(track[row]), free + 1
        track[row : tracks.rows_of(int(tracks.track[row])).stop] = free
        parents = {child: free if mother == old else mother for child, mother in parents.items()}
        parents[free] = old
    return Tracks(track, tracks.frame, tracks.label, parents)


def _table(tracks: Tracks) -> str:
    lines = [f"{i} {first} {last} {tracks.parents.get(i, 0)}" for i, (first, last) in sorted(tracks.spans().items())]
    return "\n".join(lines) + ("\n" if lines else "")


def read_ctc(folder: Path) -> tuple[npt.NDArray[np.int32], Tracks]:
    """Labels (T, (Z,) Y, X) and tracks of a folder in the format; ids of objects are those of its masks.

    Raises
    ------
    UserError
        If there is no table or no mask, or they contradict each other.
    """
    table = next((folder / name for name in _TABLES if (folder / name).is_file()), None)
    if table is None:
        raise UserError(f"There is no res_track.txt or man_track.txt in {folder}: give a folder that holds one.")
    pattern = "mask*.tif" if table.name == "res_track.txt" else "man_track*.tif"
    paths = sorted(folder.glob(pattern), key=lambda path: int("".join(c for c in path.stem if c.isdigit()) or 0))
    require(paths, f"There are no masks ({pattern}) in {folder}: give the folder that has them beside {table.name}.")
    try:
        frames = [np.asarray(tifffile.imread(path)).astype(np.int32) for path in paths]
        labels = np.stack(frames)
    except (ValueError, OSError, tifffile.TiffFileError) as error:
        raise UserError(f"The masks in {folder} cannot be read: {error}. Copy or export them again.") from error
    return labels, _joined(labels, _read_table(table), table)


def _read_table(path: Path) -> list[tuple[int, int, int, int]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            label, first, last, parent = (int(word) for word in line.split())
        except ValueError:
            raise UserError(f"Line {number} of {path} should be four whole numbers, not {line!r}: mend it.") from None
        rows.append((label, first, last, parent))
    return rows


def _joined(labels: npt.NDArray[np.int32], rows: list[tuple[int, int, int, int]], path: Path) -> Tracks:
    """The tracks of `rows`; an only child that begins after a gap is its parent, who was away."""
    found = tracks_of_labels(labels)
    spans = found.spans()
    for label, first, last, parent in rows:
        if spans.get(label) != (first, last) or (parent and parent not in spans):
            raise UserError(
                f"{path} says that {label} is there from frame {first} to {last}, the masks differ: mend it."
            )
        if parent and spans[parent][1] >= first:
            raise UserError(
                f"{path} says that {parent} is the parent of {label}, which is there before {parent} ends: mend it."
            )
    missing = sorted(set(spans) - {row[0] for row in rows})
    require(not missing, f"{path} does not name object {missing[0] if missing else 0} of the masks: mend it.")
    children = Counter(parent for *_, parent in rows if parent)
    owner: dict[int, int] = {}
    parents: dict[int, int] = {}
    for label, first, _, parent in sorted(rows, key=lambda row: row[1]):
        away = bool(parent) and children[parent] == 1 and first > spans[parent][1] + 1
        owner[label] = owner[parent] if away else label
        if parent and not away:
            parents[label] = owner[parent]
    return Tracks(np.array([owner[int(i)] for i in found.track], np.int64), found.frame, found.label, parents)
