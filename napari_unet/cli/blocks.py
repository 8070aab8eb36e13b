"""Options of `napari-unet segment` for images larger than memory, or than one machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from napari_unet.errors import require

if TYPE_CHECKING:
    from napari_unet.workflows.files.large_files import LargeImages


def add_blocks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--blocks", action="store_true",
        help="segment in blocks into <name>_labels.ome.zarr, as images of more than 64 megapixels a plane always are: "
        "memory stays small, and a run that was cut short goes on",
    )  # fmt: skip
    parser.add_argument("--block", type=int, metavar="PX", help="side of a block, rounded up to a power of two "
                        "(at least 64; default: 2048, of volumes 128)")  # fmt: skip
    parser.add_argument("--halo", type=int, metavar="PX", help="how far a block sees beyond its edge: as far as "
                        "objects reach (default: three diameters)")  # fmt: skip
    parser.add_argument("--scheduler", metavar="local:N|ADDRESS", help="do the blocks in N processes here, or on the "
                        "workers of the dask.distributed scheduler at ADDRESS")  # fmt: skip


@contextmanager
def open_large(args: argparse.Namespace) -> Iterator[LargeImages]:
    """How the options say that large images are segmented; their workers end with it."""
    from napari_unet.segmentation.blocks.distributed import open_scheduler
    from napari_unet.segmentation.blocks.segment import Blocks
    from napari_unet.workflows.files.large_files import LargeImages

    require(args.block is None or 64 <= args.block <= 16384, "--block must be at least 64, at most 16384.")
    require(args.halo is None or 0 <= args.halo <= 16384, "--halo must be at least 0, at most 16384.")
    asked = args.blocks or args.block or args.halo is not None or args.scheduler
    channel = None if args.channel is None else args.channel - 1
    with open_scheduler(args.scheduler) if args.scheduler else nullcontext() as scheduler:
        blocks = Blocks(args.block, args.halo)
        yield LargeImages(bool(asked), blocks, scheduler, args.axes, channel, args.incomplete)
