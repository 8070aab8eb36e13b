"""`napari-unet export`: label images in the formats of other programs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.exchange.each_file import work_on_each
from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import UserError, require

if TYPE_CHECKING:
    from napari_unet.results.exports.object_classes import ObjectClasses

# as in results.exports.formats, which imports the libraries that it writes with
FORMATS = ("geojson", "imagej", "coco", "coco-polygons", "ome-zarr", "ome-zarr-0.4", "ome-tiff", "ctc", "png")


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "export",
        help="write label images in the formats of other programs",
        description="Write each label image in another format: QuPath GeoJSON, ImageJ ROIs, COCO, OME-Zarr, OME-TIFF, "
        "Cell Tracking Challenge, or PNG. What the format cannot hold is told.",
        allow_abbrev=False,
    )
    parser.add_argument("labels", nargs="+", type=Path, metavar="LABELS", help="label images, or folders of them")
    parser.add_argument("--format", required=True, choices=FORMATS, metavar="F", help=", ".join(FORMATS))
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder to write to (default: beside each label image)"
    )
    parser.add_argument("--into", type=Path, metavar="IMAGE.zarr", help="for ome-zarr: the image's own OME-Zarr, under "
                        "which the labels go")  # fmt: skip
    parser.add_argument("--object-classes", type=Path, metavar="TABLE.csv", help="classes of the objects, as classify "
                        "writes them: columns label and class; they go into the files")  # fmt: skip
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TZYX, if they do not say")
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Export every file; a bad one does not keep the others from it."""
    from napari_unet.results.exports.object_classes import read_class_tables

    tables = {} if args.object_classes is None else read_class_tables(args.object_classes)
    work_on_each(_label_files(args.labels), lambda path: _export(path, args, tables), terminal, "exported")
    return False


def _label_files(inputs: list[Path]) -> list[Path]:
    """The files in `inputs`; a folder stands for its label images, or, if none is called so, all its images."""
    from napari_unet.images.files.reading import image_name, is_image_path, list_images
    from napari_unet.workflows.base_names import is_label_name

    found: list[Path] = []
    for path in inputs:
        if path.is_dir() and not is_image_path(path):
            images = list_images(path)
            named = [image for image in images if is_label_name(image_name(image))]
            if not images:
                raise UserError(f"There are no label images in {path}: give a folder of TIFF, PNG or OME-Zarr labels.")
            found += named or images
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _export(path: Path, args: argparse.Namespace, tables: Mapping[str, ObjectClasses]) -> dict[str, Any]:
    import numpy as np

    from napari_unet.images.files.label_files import open_label_file
    from napari_unet.images.lazy import is_lazy
    from napari_unet.labels.places import check_no_greys
    from napari_unet.results.exports.formats import export_labels, image_of
    from napari_unet.results.exports.object_classes import classes_of_image
    from napari_unet.results.exports.ome_zarr import write_ome_zarr

    labels = open_label_file(path, args.axes)
    if not is_lazy(labels.data):
        for plane in np.asarray(labels.data).reshape(-1, *labels.shape[-2:]):
            check_no_greys(plane, path.name)
    classes = classes_of_image(tables, image_of(path)) if tables else None
    require(
        classes is None or bool(classes),
        f"The table has no classes of {image_of(path)}: its column image must have the names of the images.",
    )
    if args.into is not None:
        written = write_ome_zarr(labels, path, image=args.into, name=labels.name, classes=classes)
    else:
        written = export_labels(labels, args.format, args.output or path.parent, args.force, classes)
    output = written.paths[0] if len(written.paths) == 1 else written.paths[0].parent
    return {
        "input": str(path), "output": str(output), "objects": written.objects, "differences": list(written.differences),
    }  # fmt: skip
