"""What a first stage at half the size saves: networks of several shapes beside the shipped one, in one run.

    python benchmarks/stems.py [--side 1024] [--rounds 7] [--threads 2] [--no-training] [--compared SHAPE ...]

A SHAPE is `stem.depth.base`, such as 2.3.32. Weights are random: time does not depend on them. For each shape: its
parameters, nanoseconds of processor time a pixel of the network alone on one tile (float32, and int8 as *Fast* has it),
milliseconds of a training step (batch 8, patches of 192 pixels: forward, loss, backward, Adam), and each as a share of
the first shape's. Shapes take turns, and medians over the rounds are printed, so that what else the machine does meets
all of them. Processor time, not the clock's: other programs do not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch

from napari_unet.heads.instances.representation import STANDARD
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.tile_network import TorchNetwork
from napari_unet.models.unet import UNet

SHAPES = ("1.4.16", "2.3.16", "2.3.24", "2.3.28", "2.3.32", "2.4.16", "2.4.20", "2.4.24")
BATCH, PATCH = 8, 192


def make_network(shape: str) -> UNet:
    stem, depth, base = (int(part) for part in shape.split("."))
    torch.manual_seed(0)
    return UNet(UNetConfig.model_validate({"stem": stem, "depth": depth, "base_channels": base}))


def training_step(shape: str) -> Callable[[], None]:
    """One step, repeatable, as `Trainer` takes it on the processor: without the drawing of patches."""
    network = make_network(shape).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    images = torch.rand(BATCH, 1, PATCH, PATCH).contiguous(memory_format=torch.channels_last)
    targets, weights = torch.rand(BATCH, 2, PATCH, PATCH).round(), torch.ones(BATCH, 1, PATCH, PATCH)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        STANDARD.loss(network(images), targets, weights).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def tile_run(shape: str, precision: str, side: int) -> Callable[[], None]:
    network = TorchNetwork(make_network(shape).eval(), Engine("cpu", precision))
    tile = np.random.default_rng(0).random((1, 1, side, side), np.float32)

    def run() -> None:
        with torch.inference_mode():
            network(tile)

    return run


def take_turns(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median processor seconds of each, after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = time.process_time()
            run()
            if number:
                times[name].append(time.process_time() - start)
    return {name: median(taken) for name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-training", action="store_true")
    parser.add_argument("--compared", nargs="+", default=SHAPES, metavar="SHAPE")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    columns = {
        f"{precision}, ns/px": {
            shape: seconds / args.side**2 * 1e9
            for shape, seconds in take_turns(
                {shape: tile_run(shape, precision, args.side) for shape in args.compared}, args.rounds
            ).items()
        }
        for precision in ("float32", "int8")
    }
    if not args.no_training:
        taken = take_turns({shape: training_step(shape) for shape in args.compared}, args.rounds)
        columns["training step, ms"] = {shape: seconds * 1e3 for shape, seconds in taken.items()}
    print("| stem.depth.base | parameters, M | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 2))
    first = args.compared[0]
    for shape in args.compared:
        size = sum(weight.numel() for weight in make_network(shape).parameters()) / 1e6
        cells = [f"{found[shape]:.0f} ({found[shape] / found[first]:.2f})" for found in columns.values()]
        print(f"| {shape} | {size:.2f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
