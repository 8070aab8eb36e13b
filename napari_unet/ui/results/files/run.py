"""What is done with many files in the background: segmenting, measuring, exporting, and writing a corrected one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.present import present
from napari_unet.workflows.files.batch_journal import BatchJournal
from napari_unet.workflows.files.batch_plan import batch_settings, targets_of

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.images.image import Image
    from napari_unet.models.model import Model
    from napari_unet.models.record import ModelRecord
    from napari_unet.results.measurements.config import MeasureConfig
    from napari_unet.ui.results.files.rows import FileRow
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


@dataclass(frozen=True)
class FilesOrder:
    """`targets` (image -> labels), or folders that are `watched` with the folder for labels (None: beside each)."""

    targets: Mapping[Path, Path]
    config: SegmentConfig
    watched: tuple[Path, ...] = ()
    folder: Path | None = None


def segment_files_in_background(load: Callable[[], Model], order: FilesOrder, stop: StopFlag) -> Iterator[Any]:
    """The events of `segment_files_steps`, for the worker thread: with a journal, as `segment --resume` does it."""
    from napari_unet.workflows.files.batch import FileDone, segment_files_steps, watch_folders
    from napari_unet.workflows.files.glance import glance_at

    model = load()
    journal = BatchJournal(model.sha256 or model.name, batch_settings(order.config))
    files = iter(order.targets.items())
    if order.watched:
        files = targets_of(watch_folders(list(order.watched), stop), order.folder)

    def read(path: Path) -> tuple[Image, ModelInput]:
        from napari_unet.images.channels import model_input
        from napari_unet.images.files.reading import read_image

        image = read_image(path)
        return image, model_input(image, model.record.channel_counts)

    for event in segment_files_steps(files, read, model, order.config, journal, stop):
        yield event
        if isinstance(event, FileDone) and event.row.get("output") and not stop.requested:
            seen = glance_at(event.path, Path(event.row["output"]))
            if seen is not None:
                yield seen


def measure_files_in_background(
    rows: list[FileRow], config: MeasureConfig, table: Path, sheet: Path | None, stop: StopFlag
) -> Iterator[Any]:
    """Measure the labels of `rows` into one `table` file, for the worker thread; the result is a `MeasuredFiles`.

    Of each file, `sheet` says what it is.
    """
    from napari_unet.results.measurements.summary import add_conditions, read_sheet
    from napari_unet.results.measurements.table_files import check_table_path, write_table
    from napari_unet.workflows.measuring import MeasuredFile, measure_files_steps

    check_table_path(table)
    told = None if sheet is None else read_sheet(sheet)
    files = [MeasuredFile(row.path, row.target) for row in rows]
    for event in measure_files_steps(files, config, stop=stop):
        if isinstance(event, Finished) and event.result.table.columns.size:
            found = event.result.table if told is None else add_conditions(event.result.table, told)
            write_table(table, found)
            event = Finished(replace(event.result, table=found), event.stopped)
        yield event


@dataclass(frozen=True)
class ExportedFiles:
    """How many files and objects were written, a sentence for each that failed, and what a format could not hold."""

    n_files: int
    objects: int
    errors: tuple[str, ...]
    differences: tuple[str, ...]


def export_files_in_background(
    rows: list[FileRow], name: str, folder: Path, force: bool, stop: StopFlag
) -> Iterator[Any]:
    """Write the labels of `rows` into `folder` in the format called `name`, one file failing alone."""
    from napari_unet.images.files.label_files import open_label_file
    from napari_unet.results.exports.formats import export_labels
    from napari_unet.workflows.files.progress import FileProgress

    objects, n_files, errors, differences = 0, 0, [], list[str]()
    for number, row in enumerate(rows, start=1):
        if stop.requested:
            break
        try:
            written = export_labels(open_label_file(row.target), name, folder, force)
        except UserError as error:
            errors.append(str(error))
        else:
            n_files, objects = n_files + 1, objects + written.objects
            differences += [sentence for sentence in written.differences if sentence not in differences]
        yield FileProgress(number, len(rows), row.path)
    yield Finished(ExportedFiles(n_files, objects, tuple(errors), tuple(differences)), stop.requested)


def save_in_background(work: ImageWork, target: Path) -> Iterator[Any]:
    """Write the labels of `work` as they are now, and note that a person corrected them; the result is their number."""
    labels = replace(work.grey, data=present(work.labels).copy())
    return _save(labels, target)


def _save(labels: Image, target: Path) -> Iterator[Any]:
    from napari_unet.images.files.writing import write_labels
    from napari_unet.results.exports.planes import count_objects

    write_labels(target, labels.data, like=labels)
    count = count_objects(labels)
    BatchJournal("", {}).note_corrected(target, count)
    yield Finished(count)


def find_open(session: Session, path: Path) -> ImageWork | None:
    """The open image that was read from `path`."""
    return next((work for work in session.works if work.image.path == path), None)


def open_pair(session: Session, path: Path, target: Path, record: ModelRecord | None) -> ImageWork:
    """Show the image at `path` with the labels at `target`, to be corrected. Raises `UserError`.

    One that is open already, or whose labels a project brings back, is shown as it is.
    """
    from napari_unet.images.files.label_files import read_labels
    from napari_unet.images.files.reading import read_image
    from napari_unet.ui.canvas.classes import class_names_of

    work = find_open(session, path)
    if work is None:
        image = read_image(path)
        labels = read_labels(target, image.select_channel())
        data, options, _ = image_to_layer(image)
        work = present(session.work_on(session.viewer.add_image(data, **options)))
    else:
        labels = read_labels(target, work.grey)
        session.work_on(work.layer)
    if work.labels_layer is None:
        session.add_layer(work, "labels", labels.copy())
        with work.change():
            if record is not None:
                work.task, work.class_names = record.task, class_names_of(record)
            work.prediction = labels
            work.note_written()
    _show_only(session, work)
    return work


def _show_only(session: Session, work: ImageWork) -> None:
    """Let the canvas show this image and its labels, all of it; other images stay open, out of sight."""
    for layer in session.viewer.layers:
        other = session.find_work(layer)
        if other is not None:
            layer.visible = other is work
    session.viewer.layers.selection.active = work.labels_layer
    session.viewer.reset_view()
