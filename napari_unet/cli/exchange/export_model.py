"""`napari-unet models export`: a model as a file of its own, for this program or for others."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_unet.cli.terminal import Terminal


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--format", metavar="F", help="safetensors (all of it, for this program), onnx or bioimageio (one kind, for "
        "other programs); default: by the ending of FILE, .zip for bioimageio")  # fmt: skip
    add("--kind", metavar="K", help="only this kind of image of those that it knows, as a model of its own")
    add("--no-pictures", action="store_true", help="for safetensors: without the small pictures of images that it "
        "learned from")  # fmt: skip
    add("--force", action="store_true", help="overwrite the file")
    add("--image", metavar="IMAGE", type=Path, help="for bioimageio: an image to test with, and for the cover "
        "(default: a sample)")  # fmt: skip
    add("--author", metavar="NAME", action="append", help="for bioimageio: who made the model; once for each. This and "
        "the next four are remembered")  # fmt: skip
    add("--affiliation", metavar="TEXT", help="for bioimageio: where they work")
    add("--licence", metavar="SPDX", help="for bioimageio: what others may do with it (default: CC-BY-4.0)")
    add("--citation", metavar="TEXT", help="for bioimageio: the paper to be cited, with its --doi")
    add("--doi", metavar="DOI", help="for bioimageio: of that paper")


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.workflows.sharing.about import said_about
    from napari_unet.workflows.sharing.formats import Wish, export_for_others, format_of

    about = None
    if format_of(args.file, args.format) == "bioimageio":
        said = {"authors": args.author and tuple(args.author)}
        said |= {name: getattr(args, name) for name in ("affiliation", "licence", "citation", "doi")}
        about = said_about(said)
    wish = Wish(args.format, args.kind, args.force, about, args.image, not args.no_pictures)
    path = export_for_others(args.name, args.file, wish)
    terminal.answer["path"] = str(path)
    terminal.say(f"{args.name}{f', {args.kind}' if args.kind else ''} -> {path}")
    return False
