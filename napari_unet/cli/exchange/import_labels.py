"""`napari-unet import-labels`: files of other programs as label images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from napari_unet.cli.exchange.each_file import work_on_each
from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import UserError, require


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "import-labels",
        help="read ROIs, GeoJSON, COCO or masks as label images",
        description="Write <image>_labels.tif from files of other programs: ImageJ ROIs (.zip, .roi), GeoJSON, COCO, "
        "folders of the Cell Tracking Challenge, masks. Classes of objects in them go into <image>_classes.csv.",
        allow_abbrev=False,
    )
    parser.add_argument("file", nargs="+", type=Path, metavar="FILE", help="files to read")
    parser.add_argument(
        "--like", type=Path, required=True, metavar="IMAGE",
        help="the image that they belong to, or a folder of images of the same names",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the labels (default: beside each file)")
    parser.add_argument("--axes", metavar="AXES", help="axes of the images, as letters of TCZYXS, if they do not say")
    parser.add_argument("--force", action="store_true", help="overwrite labels that are there")
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Read every file; a bad one does not keep the others from it."""
    work_on_each(args.file, lambda path: _import(path, args), terminal, "read")
    return False


def _import(path: Path, args: argparse.Namespace) -> dict[str, Any]:
    from napari_unet.images.files.reading import image_name, read_image
    from napari_unet.images.files.writing import write_labels
    from napari_unet.results.exports.formats import import_labels

    like = _image_for(path, args.like)
    grey = read_image(like, args.axes).select_channel()
    folder = args.output or path.parent
    target = folder / f"{image_name(like)}_labels.tif"
    require(args.force or not target.exists(), f"{target} exists already: add --force, or choose another folder.")
    found = import_labels(path, grey)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error
    table_path = folder / f"{image_name(like)}_classes.csv"
    require(
        args.force or not (found.classes and table_path.exists()),
        f"{table_path} exists already: add --force, or choose another folder.",
    )
    write_labels(target, found.labels, grey)
    differences = list(found.differences)
    row = {"input": str(path), "output": str(target), "objects": found.objects, "differences": differences}
    if found.classes:
        from napari_unet.results.measurements.table_files import write_table

        table = found.classes.table()
        table.insert(0, "image", like.name)
        row["classes"] = str(write_table(table_path, table))
        differences.append(f"Classes of {len(table)} objects: {row['classes']}")
    return row


def _image_for(path: Path, like: Path) -> Path:
    """The image that the file `path` belongs to."""
    from napari_unet.images.files.reading import image_name, is_image_path, list_images
    from napari_unet.results.exports.formats import image_of

    if not like.is_dir() or is_image_path(like):
        return like
    found = [image for image in list_images(like) if image_name(image) == image_of(path)]
    require(found, f"There is no image called {image_of(path)} in {like}, which {path.name} would belong to.")
    return found[0]
