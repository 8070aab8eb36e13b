"""Segmenting many files, with window or without: one failing alone, resumed after a kill, and as they come."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.errors import UserError, require
from napari_unet.events import Failed, Finished, StopFlag, guarded
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.images.files.reading import is_image_path
from napari_unet.images.files.writing import write_labels
from napari_unet.segmentation import segment as segmentation
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.tracking.config import TrackConfig
from napari_unet.workflows.files.batch_journal import BatchJournal
from napari_unet.workflows.files.glance import count_suspicious
from napari_unet.workflows.files.large_files import LargeImages, segment_large_file
from napari_unet.workflows.tracking import check_time, track_segmentation, write_track_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_unet.images.image import Image
    from napari_unet.models.model import Model
    from napari_unet.models.record import ModelRecord
    from napari_unet.segmentation.events import Segmentation

    Read = Callable[[Path], tuple[Image, ModelInput]]


@dataclass(frozen=True)
class FileStarted:
    """A file's turn has come; the events of its segmentation follow."""

    path: Path
    number: int


@dataclass(frozen=True, eq=False)
class FileDone:
    """A file has its labels. `row` is what there is to say of it; `resumed`: it had them from an earlier run."""

    path: Path
    row: dict[str, Any]
    resumed: bool = False


@dataclass(frozen=True)
class FileFailed:
    """A file could not be segmented; the others go on."""

    path: Path
    message: str


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What there is to say of each file that is done, and a sentence for each that failed."""

    rows: list[dict[str, Any]]
    errors: dict[Path, str]


def segment_files_steps(
    files: Iterable[tuple[Path, Path]],
    read: Read,
    model: Model,
    config: SegmentConfig,
    journal: BatchJournal | None = None,
    stop: StopFlag | None = None,
    tracking: TrackConfig | None = None,
    large: LargeImages = LargeImages(),
) -> Iterator[Any]:
    """Segment `files` (image, labels to write), one after another; yields the events above and segmentation's own.

    Parameters
    ----------
    files : iterable of (Path, Path)
        May be without end, as `watch_folders` is.
    read : callable
        Opens an image: as it is, and as the model sees it.
    journal : BatchJournal, optional
        Files that it knows as done are left as they are; what is done is noted in it.
    tracking : TrackConfig, optional
        Objects of time-lapses are followed, so that ids stay; a file that is none fails.
    large : LargeImages
        How images of more than 64 megapixels a plane are segmented: in blocks, into an OME-Zarr folder.

    Yields, last, `Finished` with a `BatchResult`.
    """
    flag = stop or StopFlag()
    rows: list[dict[str, Any]] = []
    errors: dict[Path, str] = {}
    for number, (path, target) in enumerate(files, start=1):
        if flag.requested:
            break
        try:
            known = journal.find_done(path, target) if journal is not None else None
            if known is None:
                yield FileStarted(path, number)
                row = yield from _segment_file(path, target, read, model, config, journal, flag, tracking, large)
            else:
                row = known
        except UserError as error:
            errors[path] = str(error)
            yield FileFailed(path, str(error))
            continue
        rows.append(row)
        yield FileDone(path, row, known is not None)
    yield Finished(BatchResult(rows, errors), flag.requested)


def _segment_file(
    path: Path,
    target: Path,
    read: Read,
    model: Model,
    config: SegmentConfig,
    journal: BatchJournal | None,
    stop: StopFlag,
    tracking: TrackConfig | None,
    large: LargeImages,
) -> Generator[Any, None, dict[str, Any]]:
    """Segment one file and write its labels; returns what there is to say of it."""
    image, seen = read(path)
    if large.takes(seen) or target.suffix == ".zarr":
        require(tracking is None, f"{path.name} is too large to be tracked as it is segmented: segment it, then track.")
        row = yield from segment_large_file(path, target, (image, seen), model, config, large, stop)
        return row
    if tracking is not None:
        check_time(image)
        draws = find_head(model.record).draws_objects
        require(draws, f"{model.name} finds classes, not objects: they cannot be tracked.")
    start = time.perf_counter()
    outcome = yield from guarded(segmentation.segment_steps(seen, model, config, stop=stop))
    if isinstance(outcome, Failed):
        raise UserError(outcome.message) from outcome.error
    if outcome is None:
        raise RuntimeError("the segmentation ended without a result")
    found: Segmentation = outcome.result
    row = _describe(image, found, model.record) | {
        "input": str(path),
        "output": None,
        "diameter_estimated": config.diameter is None,
        "seconds": round(time.perf_counter() - start, 3),
    }
    if outcome.stopped and not found.done.any():
        return row
    row["output"] = str(target)
    if tracking is not None:
        found, tracks = track_segmentation(found, grey_input(seen), tracking)
        write_track_table(target.with_name(f"{target.stem.removesuffix('_labels')}_tracks.csv"), tracks)
        row |= {"objects": found.n_objects, "tracks": len(tracks), "divisions": len(set(tracks.parents.values()))}
    if journal is None or outcome.stopped:  # a part is kept, and done again by the next run
        write_labels(target, found.labels, like=grey_input(seen))
    else:
        journal.finish(path, target, row, lambda file: write_labels(file, found.labels, like=grey_input(seen)))
    return row


def _describe(image: Image, found: Segmentation, record: ModelRecord) -> dict[str, Any]:
    row: dict[str, Any] = {
        "description": image.describe(),
        "axes": found.axes,
        "shape": list(found.labels.shape),
        "objects": found.n_objects,
        "diameter": round(float(found.diameter), 2),
        "other_diameter": None if found.other is None else round(found.other, 2),
        "kind": found.kind,
        "planes": int(found.done.size),
        "planes_done": int(found.done.sum()),
        "notes": list(image.notes),
    }
    if found.stack is not None:
        row |= {"stack": found.stack.words, "stack_reason": found.stack.reason}
    if find_head(record).draws_objects and found.done.all():
        row["suspicious"] = count_suspicious(found.labels, found.axes)
    return row | _classes(record, found)


def _classes(record: ModelRecord, found: Segmentation) -> dict[str, Any]:
    """Share of the pixels by class name; empty for a model of objects."""
    said = find_head(record).summarize(found.labels[found.done], record)
    return {"classes": said["classes"]} if "classes" in said else {}


def watch_folders(folders: list[Path], stop: StopFlag, seconds: float = 1.0) -> Iterator[Path]:
    """Images as they come into `folders`, each once: when its size and time have not changed for `seconds`.

    Ends when `stop` is requested. Labels that were written there (`_labels`) are no images.
    """
    told: set[Path] = set()
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        now = {path: _state(path) for path in _images(folders) if path not in told}
        for path, state in now.items():
            if state is not None and seen.get(path) == state:
                told.add(path)
                yield path
        seen = {path: state for path, state in now.items() if state is not None and path not in told}
        if stop.requested:
            return
        time.sleep(seconds)


def _images(folders: list[Path]) -> list[Path]:
    found = [path for folder in folders for path in folder.iterdir() if is_image_path(path)]
    return sorted(path for path in found if not path.stem.endswith("_labels"))


def _state(path: Path) -> tuple[int, int] | None:
    """Bytes and latest time of a file, or of all files in a folder; None if it is empty or has gone."""
    try:
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        states = [file.stat() for file in files]
    except OSError:
        return None
    size = sum(state.st_size for state in states)
    return (size, max(state.st_mtime_ns for state in states)) if size else None
