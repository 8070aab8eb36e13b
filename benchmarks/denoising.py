"""How near to the clean image noisy ones come: ours without clean data and with pairs, against plain filters.

    python benchmarks/denoising.py [--images 2] [--seconds 60 | --steps 400] [--levels low mid high] [--objects]

Nuclei of `bbbc039` get Poisson noise of 200, 50 or 15 photons in the brightest pixels, and Gaussian noise of 2 photons.
PSNR is over the range of the clean image (percentiles 1 to 99.8), SSIM as scikit-image has it over the same range.
`gauss` and `median` are of the width that foretells pixels best (without clean data), `nl_means` is scikit-image's with
the noise that it estimates. `ours` learns on each noisy image by itself; `ours pairs` learns on two other images, with
and without noise. With `--steps` the time plays no part, so that a busy machine gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from skimage.io import imread
from skimage.metrics import structural_similarity
from skimage.restoration import denoise_nl_means

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.model import Model
from napari_unet.restoration.applying import restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.smoothing import best_sigma
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

DATA = Path(os.environ.get("NAPARI_UNET_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PHOTONS = {"low": 200, "mid": 50, "high": 15}
_READING = 2.0  # photons


def read_clean(number: int) -> np.ndarray:
    """Image (Y, X) float32 of the real images beside the checkout."""
    path = sorted((DATA / "bbbc039" / "images").iterdir())[number]
    return np.asarray(tifffile.imread(path) if path.suffix == ".tif" else imread(path), np.float32)


def add_noise(clean: np.ndarray, level: str, seed: int) -> np.ndarray:
    """The same with noise, uint16."""
    random = np.random.default_rng(seed)
    low, high = np.percentile(clean, (1, 99.8))
    unit = (high - low) / PHOTONS[level]
    photons = random.poisson(np.clip((clean - low) / unit, 0, None)) + random.normal(0, _READING, clean.shape)
    return np.clip(np.rint(photons * unit + low), 0, 65535).astype(np.uint16)


def score(found: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(clean, (1, 99.8))
    found = found.astype(np.float64)
    psnr = 10 * np.log10((high - low) ** 2 / np.mean((found - clean) ** 2))
    return {
        "psnr": float(psnr),
        "ssim": float(structural_similarity(found, clean.astype(float), data_range=high - low)),
    }


def read_labels_of(number: int) -> np.ndarray:
    """Labels (Y, X) of `read_clean(number)`."""
    stem = sorted((DATA / "bbbc039" / "images").iterdir())[number].stem
    path = next(path for path in (DATA / "bbbc039" / "labels").iterdir() if path.stem == stem)
    return np.asarray(imread(path), np.int32)


def objects_found(model: Model, picture: np.ndarray, truth: np.ndarray) -> float:
    """AP@0.5 of what the model that ships finds in a picture."""
    labels = drain(segment_steps(Image(picture, "YX"), model, SegmentConfig())).labels
    return tally_objects(truth, np.asarray(labels)).main


def filters(noisy: np.ndarray) -> dict[str, np.ndarray]:
    """What needs no network."""
    plane = noisy.astype(np.float32)
    sigma = best_sigma([plane], [plane], "pixel")
    noise = noise_of(plane)
    widths = {size: ndimage.median_filter(plane, footprint=_ring(size)) for size in (3, 5, 7)}
    size = min(widths, key=lambda width: float(np.mean((widths[width] - plane) ** 2)))
    means = denoise_nl_means(plane, patch_size=5, patch_distance=6, h=0.8 * noise, sigma=noise, fast_mode=True)
    return {
        "noisy": noisy, "gauss": ndimage.gaussian_filter(plane, sigma), "median": ndimage.median_filter(plane, size),
        "nl_means": means,
    }  # fmt: skip


def noise_of(plane: np.ndarray) -> float:
    """Its standard deviation, from the second differences of both axes (Immerkaer 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    return float(np.sqrt(np.pi / 2) / 6 * np.mean(np.abs(ndimage.convolve(plane, kernel))))


def _ring(size: int) -> np.ndarray:
    ring = np.ones((size, size), bool)
    ring[size // 2, size // 2] = False
    return ring


def run(args: argparse.Namespace, level: str) -> list[dict[str, object]]:
    config = RestoreConfig(seconds=args.seconds, max_steps=args.steps)
    if args.steps is not None:
        config = config.model_copy(update={"seconds": 80_000.0})
    pairs = [read_clean(number) for number in (20, 21)]
    teachers = [Image(add_noise(clean, level, 99), "YX", name=f"pair {i}") for i, clean in enumerate(pairs)]
    wanted = [Image(clean, "YX", name=f"clean {i}") for i, clean in enumerate(pairs)]
    taught = drain(teach_steps(gather(teachers, wanted, TASKS["denoise"]), config, "pairs"))
    rows: dict[str, list[dict[str, float]]] = {}
    model = load_model(None)
    for number in range(args.images):
        clean = read_clean(40 + number)
        noisy = add_noise(clean, level, number)
        found = filters(noisy)
        image, start = Image(noisy, "YX"), time.perf_counter()
        alone = drain(teach_steps(gather([image], None, TASKS["denoise"]), config, "alone"))
        found["ours"] = np.asarray(drain(restore_steps(image, alone.model)).data)
        found["ours pairs"] = np.asarray(drain(restore_steps(image, taught.model)).data)
        for name, picture in found.items():
            told = score(picture, clean)
            if args.objects:
                told["ap50"] = objects_found(model, picture, read_labels_of(40 + number))
            rows.setdefault(name, []).append(told)
        rows["ours"][-1] |= {"steps": alone.model.record.training.steps, "seconds": time.perf_counter() - start}
    return [
        {"level": level, "method": name, "images": len(own)}
        | {key: round(float(np.mean([one[key] for one in own])), 3) for key in own[0]}
        for name, own in rows.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--objects", action="store_true", help="also AP@0.5 of what the model that ships finds")
    parser.add_argument("--levels", nargs="+", default=list(PHOTONS), choices=list(PHOTONS))
    args = parser.parse_args()
    for level in args.levels:
        for row in run(args, level):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
