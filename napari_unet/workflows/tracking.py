"""Tracking with files: labels of a time-lapse in, labels with ids that stay and a lineage out."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError, require
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.files.label_files import stored_labels
from napari_unet.images.files.reading import image_name, read_image, read_stored
from napari_unet.images.files.request import ReadRequest
from napari_unet.images.files.writing import write_labels
from napari_unet.images.image import Image
from napari_unet.labels.ids import compact_ids
from napari_unet.segmentation.events import Segmentation
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.exchange.ctc import write_ctc
from napari_unet.tracking.exchange.geff import write_geff
from napari_unet.tracking.labelled import LabelledMovie
from napari_unet.tracking.relabelling import follow_labels, relabel_by_track
from napari_unet.tracking.run import FrameLinked, Tracking, track_steps
from napari_unet.tracking.tracks import Tracks


@dataclass(frozen=True, eq=False)
class TrackedMovie:
    """Labels (T, (Z,) Y, X) whose ids stay with their objects, the tracks of those ids, and what was measured.

    `found` has the tracks as they were found, over the ids that the labels had before.
    """

    labels: npt.NDArray[np.int32]
    tracks: Tracks
    found: Tracking
    stopped: bool = False


def track(labels: Image | npt.NDArray[Any], *, axes: str | None = None, **parameters: Any) -> TrackedMovie:
    """Track labels of a time-lapse and wait for the result.

    Parameters
    ----------
    labels : Image or array
        Whole numbers with a time axis; an array is (T, (Z,) Y, X) unless `axes` says otherwise.
    **parameters
        Fields of `TrackConfig`, such as ``max_step=2``.

    Raises
    ------
    UserError
        If there is no time axis.
    """
    if not isinstance(labels, Image):
        labels = Image.from_array(labels, axes or ("TZYX" if labels.ndim == 4 else "TYX"))
    return drain(track_image_steps(labels, TrackConfig(**parameters)))


def track_image_steps(
    labels: Image, config: TrackConfig | None = None, stop: StopFlag | None = None
) -> Iterator[FrameLinked | Finished[TrackedMovie]]:
    """Track the grey label image `labels`; its pixel size tells how far apart slices are."""
    grey = labels.select_channel()
    check_time(grey)
    for event in track_steps(grey.data, config, grey.scale_of(grey.axes[1:]), stop):
        if isinstance(event, Finished):
            found: Tracking = event.result
            numbers = relabel_by_track(grey.data, found.tracks)
            yield Finished(TrackedMovie(numbers, follow_labels(found.tracks), found, event.stopped), event.stopped)
        else:
            yield event


def track_segmentation(found: Segmentation, image: Image, config: TrackConfig) -> tuple[Segmentation, Tracks]:
    """`found`, the segmentation of `image`, with ids that stay, and the tracks of those ids."""
    labels = Image(found.labels, found.axes, image.scale, image.units, name=image.name)
    movie: TrackedMovie = drain(track_image_steps(labels, config))
    return replace(found, labels=movie.labels), movie.tracks


def check_time(image: Image) -> None:
    """Raise `UserError` unless `image` has frames."""
    if "T" in image.axes:
        return
    if "Z" not in image.axes:
        raise UserError(f"{image.name} is a single picture: tracking needs the frames of a time-lapse in one file.")
    raise UserError(
        f"{image.name} is no time-lapse (its axes are {image.axes}): if Z is time, give --axes "
        f"{image.axes.replace('Z', 'T')}."
    )


def open_movie(path: Path, axes: str | None = None, image: Path | None = None) -> Image:
    """The label image at `path`; axes and pixel size are those of the image at `image`, if that is given.

    Raises
    ------
    UserError
        If it cannot be read, holds no labels or has no time axis.
    """
    if image is not None:
        like = read_image(image, axes).select_channel()
        source: Any = path
    else:
        source = read_stored(Path(path).expanduser(), axes, ReadRequest(ids=True))
        require("S" not in source.axes, f"{path.name} is a colour picture: give labels, one number an object.")
        like = source.select_channel()
    check_time(like)
    (labels,), _ = compact_ids([stored_labels(source, like)])
    return Image(labels, like.axes, like.scale, like.units, name=path.name, path=path)


def labelled_movie(labels: Image, movie: LabelledMovie) -> TrackedMovie:
    """As it is exported: `labels` whose ids are tracks, with their lineage."""
    return TrackedMovie(np.asarray(labels.data), movie.tracks, movie.tracking)


def write_movie(movie: TrackedMovie, labels: Image, name: str, folder: Path, form: str) -> list[Path]:
    """Write what was tracked to `folder`, in the format `form`: "tiff", "ctc" or "geff"; returns the paths.

    "tiff": labels `<name>_tracked.tif` and a table `<name>_tracks.csv`. "geff": the same labels and `<name>.geff`.
    "ctc": a folder `<name>_RES` of masks and `res_track.txt`, as the Cell Tracking Challenge has results.
    """
    if form == "ctc":
        return [write_ctc(folder / f"{name}_RES", movie.labels, movie.tracks)]
    target = folder / f"{name}_tracked.tif"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be used as output folder: {error.strerror}.") from error
    written = write_labels(target, movie.labels, like=labels)
    if form == "tiff":
        return [written, write_track_table(folder / f"{name}_tracks.csv", movie.tracks)]
    frames = [frame.renamed(movie.found.tracks, number) for number, frame in enumerate(movie.found.frames)]
    graph = write_geff(folder / f"{name}.geff", movie.tracks, frames, labels.scale, labels.units, f"../{written.name}")
    return [written, graph]


def write_track_table(path: Path, tracks: Tracks) -> Path:
    """A CSV of tracks: id, mother (empty: none), first and last frame from 0, and in how many frames it was seen."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["track", "parent", "first_frame", "last_frame", "frames"])
            for number, (first, last) in tracks.spans().items():
                rows = tracks.rows_of(number)
                writer.writerow([number, tracks.parents.get(number, ""), first, last, rows.stop - rows.start])
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}. Choose another folder.") from error
    return path


def movie_name(path: Path) -> str:
    """The name of the image whose labels are at `path`."""
    name = image_name(path)
    return name.removesuffix("_labels") or name
