"""Time-lapses as the Cell Tracking Challenge keeps them: a picture a frame, and a list of tracks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_unet.errors import UserError, require
from napari_unet.images.image import Image
from napari_unet.results.exports.planes import Canvas, Exported, Imported, counted

_MOST = 2**16 - 1


def write_tracks(labels: Image, folder: Path) -> Exported:
    """Write `labels` (TYX or TZYX; one id a track) as `man_track000.tif` ... and `man_track.txt` into a new `folder`.

    The list has a line a track: id, first and last frame, parent (0: none). A track with a gap cannot be held: its
    later part becomes a track of its own, with the earlier one as parent, and that is told.
    """
    require("T" in labels.axes, f"{labels.name} is no time-lapse: the Cell Tracking Challenge's format needs frames.")
    require(not folder.exists(), f"{folder} exists already: choose another folder.")
    seen = [np.unique(np.asarray(labels.data[t])) for t in range(labels.shape[0])]
    highest = max((int(ids.max(initial=0)) for ids in seen), default=0)
    names, tracks, gaps = _cut_at_gaps([set(ids.tolist()) - {0} for ids in seen], highest)
    require(
        max(tracks, default=0) <= _MOST,
        f"The Cell Tracking Challenge's format holds ids up to {_MOST}, and these go to {max(tracks, default=0)}.",
    )
    folder.mkdir(parents=True)
    written = []
    for t, renamed in enumerate(names):
        frame = np.asarray(labels.data[t])
        table = np.zeros(int(frame.max(initial=0)) + 1, np.uint16)
        table[list(renamed)] = list(renamed.values())
        path = folder / f"man_track{t:03d}.tif"
        tifffile.imwrite(path, table[frame], photometric="minisblack", compression="zlib")
        written.append(path)
    lines = [f"{track} {first} {last} {parent}" for track, (first, last, parent) in sorted(tracks.items())]
    listing = folder / "man_track.txt"
    listing.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    told = counted(gaps, "gap", "in tracks: the part after each is a track of its own there.")
    return Exported((*written, listing), len(tracks), tuple(told))


def _cut_at_gaps(
    frames: list[set[int]], highest: int
) -> tuple[list[dict[int, int]], dict[int, tuple[int, int, int]], int]:
    """The track of each id in each frame; first frame, last frame and parent of each track; and how many gaps."""
    names: list[dict[int, int]] = []
    tracks: dict[int, tuple[int, int, int]] = {}
    current: dict[int, int] = {}
    gaps = 0
    for t, ids in enumerate(frames):
        for label in sorted(ids):
            track = current.get(label)
            if track is None:
                track = label
                tracks[track] = t, t, 0
            elif tracks[track][1] < t - 1:
                gaps += 1
                tracks[highest + gaps] = t, t, track
                track = highest + gaps
            tracks[track] = tracks[track][0], t, tracks[track][2]
            current[label] = track
        names.append({label: current[label] for label in ids})
    return names, tracks, gaps


def read_tracks(folder: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from the pictures `man_track*.tif` or `mask*.tif` in a folder."""
    require(folder.is_dir(), f"{folder} is no folder of frames.")
    paths = sorted(folder.glob("man_track*.tif")) or sorted(folder.glob("mask*.tif"))
    require(paths, f"{folder} has no man_track*.tif or mask*.tif: choose the folder of the frames.")
    require("T" in like.axes, f"{like.name} is no time-lapse, and {folder.name} is a folder of frames.")
    canvas = Canvas(like)
    frames = canvas.labels.shape[0]
    for t, path in enumerate(paths[:frames]):
        pixels = _read_frame(path)
        if pixels.shape != canvas.labels.shape[1:]:
            raise UserError(f"{path.name} is {pixels.shape}, and a frame of {like.name} {canvas.labels.shape[1:]}.")
        canvas.labels[t] = pixels
    missing = frames - len(paths)
    return canvas.finish([
        *counted(max(missing, 0), "frame", "of the image without labels."),
        *counted(max(-missing, 0), "frame", "more than the image has, left out."),
    ])  # fmt: skip


def _read_frame(path: Path) -> npt.NDArray[Any]:
    try:
        pixels: npt.NDArray[Any] = tifffile.imread(path)
    except Exception as error:  # readers of damaged files raise anything at all
        raise UserError(f"{path.name} is damaged and cannot be read ({error}): copy the folder again.") from error
    require(pixels.dtype.kind in "ui", f"{path.name} is no picture of ids: they are whole numbers, not {pixels.dtype}.")
    return pixels
