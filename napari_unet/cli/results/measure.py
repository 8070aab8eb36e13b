"""`napari-unet measure`: a table of the objects of label images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_parameters, read_config
from napari_unet.cli.terminal import Terminal, follow, stop_on_interrupt
from napari_unet.errors import UserError, listed
from napari_unet.results.measurements.columns import COLUMNS
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.workflows.files.batch_plan import expand_inputs
from napari_unet.workflows.pairing import find_beside, find_partners

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.workflows.files.progress import FileProgress
    from napari_unet.workflows.measuring import MeasuredFile

PARAMETERS = {"neighbor_distance": "D", "tile_pixels": "N"}


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "measure",
        help="write a table of the objects of label images",
        description="Measure the objects of label images: a row an object, in units of the images' pixel size.",
        epilog=_column_list(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("image", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument("--labels", type=Path, metavar="DIR", help="folder of label images of the same base names "
                        "(default: beside each image)")  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="TABLE.csv", help="table to write: .csv, .tsv, .parquet or .xlsx"
    )
    parser.add_argument("--columns", metavar="NAME,...", help="columns of the list below; default and all: many")
    parser.add_argument(
        "--parents", type=Path, metavar="DIR", help="folder of labels of larger objects (cells of nuclei)"
    )
    parser.add_argument("--classes", type=Path, metavar="DIR", help="folder of images of classes")
    parser.add_argument("--object-classes", type=Path, metavar="TABLE.csv", help="classes of the objects, as classify "
                        "writes them: they become columns")  # fmt: skip
    parser.add_argument("--sheet", "--by", dest="by", type=Path, metavar="SHEET.csv", help="sample sheet: a column of "
                        "files, others that say what they are")  # fmt: skip
    parser.add_argument("--plot", type=Path, metavar="PLOT.png", help="draw boxes of a value by group: .png, .pdf or "
                        ".svg")  # fmt: skip
    parser.add_argument("--value", metavar="COLUMN", default="area", help="what --plot draws (default: area)")
    parser.add_argument("--group", metavar="COLUMN", help="what --plot groups by: a column of the sample sheet, folder "
                        "or image (default: the sheet's first, else folder, else image)")  # fmt: skip
    parser.add_argument("--summary", type=Path, metavar="TABLE.csv", help="write a row an image, too")
    parser.add_argument("--slices", action="store_true", help="measure each slice of a z-stack by itself")
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYXS, if they do not say")
    add_parameters(parser, MeasureConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Measure every file; a bad one does not keep the others from it. Returns whether the user stopped it."""
    from napari_unet.results.exports.object_classes import add_classes, read_class_tables
    from napari_unet.results.measurements.summary import add_conditions, read_sheet, summarize
    from napari_unet.results.measurements.table_files import check_table_path, write_table
    from napari_unet.workflows.measuring import measure_files_steps

    config = _config(args)
    for path in (args.output, args.summary):
        if path is not None:
            check_table_path(path)
    if args.plot is not None:
        from napari_unet.results.pictures.drawing import check_picture_path

        check_picture_path(args.plot)
    sheet = None if args.by is None else read_sheet(args.by)
    tables = {} if args.object_classes is None else read_class_tables(args.object_classes)
    files = _files(args)
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        task = bar.add_task("Measuring", total=len(files), detail="")

        def show(event: FileProgress) -> None:
            bar.update(task, completed=event.done, detail=f"{event.done} of {event.total} images")
            terminal.warn(event.problem)

        finished = follow(measure_files_steps(files, config, args.axes, stop), show)
    table, errors = finished.result.table, finished.result.errors
    told = [{"input": str(path), "message": message} for path, message in errors.items()]
    terminal.answer |= {"errors": told, "stopped": finished.stopped, "objects": len(table), "output": None}
    if table.columns.size:
        if args.object_classes is not None:
            table = add_classes(table, tables)
        if sheet is not None:
            table = add_conditions(table, sheet)
        write_table(args.output, table)
        summary = summarize(table)
        if args.summary is not None:
            write_table(args.summary, summary)
        _tell(terminal, args.output, table, summary, len(files) - len(errors))
        if args.plot is not None:
            _plot(args, terminal, table)
    if errors:
        _raise(errors, len(files))
    return finished.stopped


def _plot(args: argparse.Namespace, terminal: Terminal, table: pd.DataFrame) -> None:
    from napari_unet.results.measurements.groups import list_groupings
    from napari_unet.results.pictures.box_plot import draw_box_plot

    by = args.group or next(iter(list_groupings(table)), "image")
    boxes = draw_box_plot(table, args.value, by, args.plot)
    terminal.answer["plot"] = {"path": str(args.plot), "value": args.value, "group": by}
    terminal.say(f"{args.value} by {by} ({len(boxes)} groups) -> {args.plot}")


def _config(args: argparse.Namespace) -> MeasureConfig:
    from napari_unet.results.measurements.columns import choose_columns

    config = read_config(args, MeasureConfig, PARAMETERS)
    names = tuple(name.strip() for name in (args.columns or "default").split(",") if name.strip())
    choose_columns(names, 2)
    return config.model_copy(update={"columns": names, "slices": args.slices})


def _files(args: argparse.Namespace) -> list[MeasuredFile]:
    """The images with the label images that belong to them."""
    from napari_unet.workflows.measuring import MeasuredFile

    images = expand_inputs(args.image)
    labels = find_beside(images) if args.labels is None else find_partners(images, args.labels)
    parents = find_partners(images, args.parents, "parents") if args.parents else {}
    classes = find_partners(images, args.classes, "classes") if args.classes else {}
    return [MeasuredFile(path, labels[path], parents.get(path), classes.get(path)) for path in images]


def _tell(terminal: Terminal, output: Path, table: pd.DataFrame, summary: pd.DataFrame, n_images: int) -> None:
    units: dict[str, str] = table.attrs.get("units", {})
    terminal.answer |= {"output": str(output), "images": n_images, "columns": list(table.columns), "units": units}
    images = "1 image" if n_images == 1 else f"{n_images} images"
    terminal.say(f"{len(table)} objects of {images} -> {output}")
    lengths = sorted({str(unit) for unit in table["unit"]})
    if lengths:
        words = {"um": "micrometers", "px": "pixels, because the file does not say how large a pixel is"}
        terminal.say("Lengths are in " + "; of others in ".join(words.get(unit, unit) for unit in lengths) + ".")
    conditions = table.attrs.get("conditions", [])
    if conditions:
        counts = summary.groupby(conditions[0])["objects"].agg(["size", "sum"])
        terminal.answer["groups"] = {str(name): int(row["sum"]) for name, row in counts.iterrows()}
        for name, row in counts.iterrows():
            terminal.say(f"  {conditions[0]} {name}: {row['size']} images, {row['sum']} objects")


def _raise(errors: dict[Path, str], count: int) -> None:
    """One sentence about all files that could not be measured."""
    if count == 1:
        raise UserError(next(iter(errors.values())))
    told = listed([f"{path} ({message.rstrip('.')})" for path, message in errors.items()])
    raise UserError(f"{len(errors)} of {count} images could not be measured: {told}.")


def _column_list() -> str:
    """The columns with their meaning, for --help."""
    lines = ["columns (* by default):"]
    for column in COLUMNS:
        where = "" if len(column.ndims) > 1 else f" ({column.ndims[0]}D)"
        lines.append(f"  {'*' if column.default else ' '} {column.name:26}{column.about}{where}")
    return "\n".join(lines)
