"""How fast an image becomes labels, and how much of the machine the network uses.

    python benchmarks/inference.py [--model NAME] [--sizes 512 2048 8192] [--repeats 3] [--precision auto] [--parts]
    python benchmarks/inference.py --engines --sizes 1024
    python benchmarks/inference.py --qualities --sizes 2048

Prints, for square fields tiled from a real image (or, without the data folder, from the 2D sample), megapixels a second
from array to labels, the share of that time spent in the estimate, the network and decoding, the network's FLOP/s as a
share of a matrix product's peak measured in the same run at the same precision, and the process's peak memory. With
`--parts`, one more run of each size is broken down by part; on a busy machine compare the processor time. `--engines`
compares torch, ONNX Runtime and OpenVINO, and `--qualities` normal, fast and careful.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import torch
from stopwatch import time_parts
from torch.utils.flop_counter import FlopCounterMode

from napari_unet import load_model
from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.images.files.reading import list_images, read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.fused import fold_batch_norms
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps


def best_time(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the quickest of `repeats` runs, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def measure_peak(dtype: torch.dtype, repeats: int) -> float:
    """FLOP/s of a 2048 x 2048 matrix product."""
    a, b = (torch.rand(2048, 2048).to(dtype) for _ in range(2))
    return float(2 * 2048**3 / best_time(lambda: a @ b, max(5, repeats)))


def measure_network(model: Model, predictor: Predictor, side: int, repeats: int) -> tuple[float, float]:
    """(seconds, FLOP/s) of one tile of `side` through the network alone; counted on the network as it was trained."""
    tile = np.random.default_rng(0).random((1, 1, side, side), dtype=np.float32)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.network(torch.from_numpy(tile))
    seconds = best_time(lambda: predictor.predict(tile), repeats)
    return seconds, counter.get_total_flops() / seconds


def plain_speed(model: Model, dtype: torch.dtype, repeats: int) -> float:
    """Megapixels a second of the network as torch runs it, norms folded, channels last, tile 512."""
    network = fold_batch_norms(model.network).to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    tile = torch.rand(1, 1, 512, 512).to(dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return 512**2 / best_time(lambda: network(tile), repeats) / 1e6


def make_field(data: Path, side: int) -> Image:
    """A field of real nuclei of side `side`: images of one screen laid side by side."""
    folder = data / "bbbc039" / "images"
    paths = list_images(folder)[:24] if folder.is_dir() else [sample_path("nuclei_2d")]
    images = [np.asarray(read_image(path).select_channel(None).data) for path in paths]
    height, width = images[0].shape
    rows, columns = -(-side // height), -(-side // width)
    tiled = [
        np.concatenate([images[(r * columns + c) % len(images)] for c in range(columns)], axis=1) for r in range(rows)
    ]
    return Image.from_array(np.ascontiguousarray(np.concatenate(tiled)[:side, :side]), "YX")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", default=None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 2048, 8192])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--diameter", type=float, default=None, help="pixels; default: estimated, within the time")
    parser.add_argument("--engines", action="store_true", help="the first size with each engine that is installed")
    parser.add_argument("--qualities", action="store_true", help="the first size with each quality")
    parser.add_argument("--parts", action="store_true", help="print how long each part takes")
    args = parser.parse_args()
    model = load_model(args.model)
    engine = Engine("cpu", args.precision)
    predictor = Predictor(model, engine)
    parameters = sum(p.numel() for p in model.network.parameters())
    print(f"{model.name}: {parameters / 1e6:.2f} M parameters, {engine.dtype}, {torch.get_num_threads()} threads")
    peak = measure_peak(engine.dtype, args.repeats)
    print(f"matrix product: {peak / 1e9:.0f} GFLOP/s")
    for side in (256, 512, 1024):
        seconds, flops = measure_network(model, predictor, side, args.repeats)
        print(
            f"network alone, tile {side}: {side**2 / seconds / 1e6:.2f} MP/s, "
            f"{flops / 1e9:.0f} GFLOP/s = {flops / peak:.0%} of the matrix product"
        )
    print(f"the same without fused operations, tile 512: {plain_speed(model, engine.dtype, args.repeats):.2f} MP/s")
    if args.engines or args.qualities:
        configs = engines(args.diameter) if args.engines else qualities(args.diameter)
        compare(model, make_field(args.data, args.sizes[0]), configs, args.repeats)
        return
    config = SegmentConfig(precision=args.precision, device="cpu", diameter=args.diameter)
    for side in args.sizes:
        field = make_field(args.data, side)
        report(field, model, config, args.repeats if side < 4096 else 1)
        if args.parts:
            with time_parts() as watch:
                drain(segment_steps(field, model, config))
            print(watch.table())


def compare(model: Model, field: Image, configs: dict[str, SegmentConfig], repeats: int) -> None:
    """Seconds from array to labels with each of `configs`, and how many labels differ from those of the first."""
    first: tuple[str, np.ndarray] | None = None
    for name, config in configs.items():
        try:
            drain(segment_steps(field, model, config))
        except UserError as error:
            print(f"{name}: {error}")
            continue
        clock, processor = [], []
        for _ in range(repeats):
            start, spent = time.perf_counter(), time.process_time()
            found = drain(segment_steps(field, model, config))
            clock.append(time.perf_counter() - start)
            processor.append(time.process_time() - spent)
        first = first or (name, found.labels)
        other = int(np.count_nonzero((found.labels > 0) != (first[1] > 0)))
        print(
            f"{name}, {' x '.join(map(str, field.shape))}: {min(clock):.2f} s by the clock, {min(processor):.2f} s of "
            f"processor time, {found.n_objects} objects, {other} pixels in an object or not otherwise than {first[0]}"
        )


def engines(diameter: float | None) -> dict[str, SegmentConfig]:
    return {
        runtime: SegmentConfig(precision="float32", device="cpu", diameter=diameter, runtime=runtime)
        for runtime in ("torch", "onnx", "openvino")
    }


def qualities(diameter: float | None) -> dict[str, SegmentConfig]:
    return {
        quality: SegmentConfig(device="cpu", diameter=diameter, quality=quality)
        for quality in ("normal", "fast", "careful")
    }


def report(image: Image, model: Model, config: SegmentConfig, repeats: int) -> None:
    runs = [drain(segment_steps(image, model, config)) for _ in range(repeats + 1)][1 if repeats > 1 else 0 :]
    result = min(runs, key=lambda run: run.timing["total"])
    total, pixels = result.timing["total"], image.shape[0] * image.shape[1]
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", 0) or _peak_rss()
    print(
        f"array to labels, {image.shape[0]} x {image.shape[1]}: {pixels / total / 1e6:.2f} MP/s, {total:.2f} s, "
        f"{result.n_objects} objects, "
        f"estimate {result.timing['estimate'] / total:.0%}, network {result.timing['network'] / total:.0%}, "
        f"decoding {result.timing['decode'] / total:.0%}, peak memory {peak / 2**30:.1f} GB"
    )


def _peak_rss() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
