"""`napari-unet picture`: outlines over images, with a scale bar, for talks and papers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_parameters, check_channel, read_config
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import require
from napari_unet.results.pictures.config import PictureConfig
from napari_unet.workflows.files.batch_plan import expand_inputs
from napari_unet.workflows.pairing import find_partners

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.results.pictures.panels import Panel

PARAMETERS = {"colour": "C", "line_width": "PT", "low": "P", "high": "P", "width": "PX"}


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "picture",
        help="draw outlines over images, for talks and papers",
        description="Draw the outlines of labels over their image, with a scale bar, as PNG, PDF or SVG. Several "
        "images become a montage; with --before each is shown before and after.",
        allow_abbrev=False,
    )
    parser.add_argument("image", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument("--labels", type=Path, metavar="L", help="label image, or a folder of label images of the same "
                        "base names (default: beside each image)")  # fmt: skip
    parser.add_argument("--before", type=Path, metavar="L", help="other labels, which are shown beside them")
    parser.add_argument("--output", type=Path, required=True, metavar="P.png", help="picture: .png, .pdf or .svg")
    parser.add_argument("--channel", type=int, metavar="N", help="channel to draw, counted from 1 (default: the first)")
    parser.add_argument("--slice", type=int, metavar="Z", help="slice of stacks, from 0 (default: the middle)")
    parser.add_argument("--frame", type=int, metavar="T", help="frame of time-lapses, from 0 (default: the first)")
    parser.add_argument("--columns", type=int, metavar="N", help="panels side by side")
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYXS, if they do not say")
    parser.add_argument("--no-scale-bar", action="store_true", help="draw no scale bar")
    add_parameters(parser, PictureConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Draw all images into one picture."""
    from napari_unet.results.pictures.drawing import check_picture_path, draw_picture

    check_picture_path(args.output)
    require(args.columns is None or args.columns > 0, "--columns must be at least 1.")
    config = read_config(args, PictureConfig, PARAMETERS)
    config = config.model_copy(update={"scale_bar": not args.no_scale_bar})
    images = expand_inputs(args.image)
    after = _labels_of(images, args.labels)
    before = None if args.before is None else _labels_of(images, args.before)
    panels: list[Panel] = []
    for path in images:
        panels += _panels(path, after[path], None if before is None else before[path], args, config, len(images))
    columns = args.columns or (2 if before is not None else None)
    written = draw_picture(panels, args.output, config, columns)
    objects = sum(len(panel.outlines) for panel in panels)
    terminal.answer |= {"output": str(written), "panels": len(panels), "outlined": objects}
    terminal.say(f"{len(panels)} {'panel' if len(panels) == 1 else 'panels'}, {objects} objects -> {written}")
    if config.scale_bar and any(panel.pixel_um is None for panel in panels):
        terminal.say("No scale bar where the file does not say how large a pixel is.")
    return False


def _labels_of(images: list[Path], source: Path | None) -> dict[Path, Path]:
    """The label image of each image: beside it, the one that is given, or of the same name in a folder."""
    from napari_unet.images.files.reading import image_name, is_image_path

    if source is None:
        found = {path: path.parent / f"{image_name(path)}_labels.tif" for path in images}
        missing = next((target for target in found.values() if not target.exists()), None)
        require(missing is None, f"There are no labels {missing}: say with --labels where they are.")
        return found
    if source.is_dir() and not is_image_path(source):
        return find_partners(images, source)
    require(len(images) == 1, f"{source} is one label image for {len(images)} images: give a folder of labels.")
    return {images[0]: source}


def _panels(
    path: Path, after: Path, before: Path | None, args: argparse.Namespace, config: PictureConfig, count: int
) -> list[Panel]:
    from napari_unet.images.files.label_files import open_labels
    from napari_unet.images.files.reading import read_image
    from napari_unet.results.pictures.panels import make_panel, middle_plane

    image = read_image(path, args.axes)
    channel = check_channel(image, args.channel)
    grey = image.select_channel(channel)
    at = dict(zip(grey.axes, middle_plane(grey), strict=False))
    at |= {letter: value for letter, value in (("Z", args.slice), ("T", args.frame)) if value is not None}
    plane = tuple(at[letter] for letter in grey.axes[:-2])
    name = image.name if count > 1 else ""
    shown: list[tuple[Image, str]] = []
    for labels, words in ((before, "before"), (after, "after" if before is not None else "")):
        if labels is not None:
            shown.append((open_labels(labels, grey), ", ".join(filter(None, (name, words)))))
    return [make_panel(image, labels, config, plane=plane, channel=channel, title=title) for labels, title in shown]
