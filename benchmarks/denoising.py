"""How near to the clean image noisy ones come: ours without clean data and with pairs, against plain filters and N2V.

    python benchmarks/denoising.py --pictures FOLDER [--images 2] [--seconds 60] [--levels low mid high] [--objects]
                                   [--methods noisy gauss ours pairs ...]

Nuclei of `bbbc039` get Poisson noise of 200, 50 or 15 photons in the brightest pixels, and Gaussian noise of 2 photons.
PSNR is over the range of the clean image (percentiles 1 to 99.8), SSIM as scikit-image has it over the same range.
`gauss` and `median` are of the width that foretells pixels best (without clean data), `nl_means` is scikit-image's with
the noise that it estimates. `ours` learns on each noisy image by itself; `pairs` learns on six other images, with and
without noise. Seconds are of the processor, so that a busy machine gives the same figures: set OMP_NUM_THREADS=1.

Every result is a file in the folder, `LEVEL_IMAGE_METHOD.npy`, and every score a line of `scores.jsonl`: what is there
is not made again, so that the command can be stopped and goes on where it was. What other programs leave there by
such a name is scored like our own (`denoising_careamics.py`, which runs in an environment of its own).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

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
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.restoration import teaching
from napari_unet.restoration.applying import restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.starts.smoothing import best_sigma
from napari_unet.restoration.tasks import TASKS
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

DATA = Path(os.environ.get("NAPARI_UNET_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PHOTONS = {"low": 200, "mid": 50, "high": 15}
_READING = 2.0  # photons
FILTERS = ("noisy", "gauss", "median", "nl_means")
OWN = (*FILTERS, "ours", "pairs")
OTHERS = ("careamics", "careamics-default", "careamics-n2v2")
_TEACHERS, _SCORED = range(20, 26), 40  # places of images in the folder


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


def filtered(noisy: np.ndarray, method: str) -> np.ndarray:
    """What needs no network."""
    plane = noisy.astype(np.float32)
    if method == "noisy":
        return noisy
    if method == "gauss":
        return np.asarray(ndimage.gaussian_filter(plane, best_sigma([plane], [plane], "pixel")))
    if method == "median":
        widths = {size: ndimage.median_filter(plane, footprint=_ring(size)) for size in (3, 5, 7)}
        size = min(widths, key=lambda width: float(np.mean((widths[width] - plane) ** 2)))
        return np.asarray(ndimage.median_filter(plane, size))
    noise = noise_of(plane)
    return np.asarray(denoise_nl_means(plane, patch_size=5, patch_distance=6, h=0.8 * noise, sigma=noise))


def noise_of(plane: np.ndarray) -> float:
    """Its standard deviation, from the second differences of both axes (Immerkaer 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    return float(np.sqrt(np.pi / 2) / 6 * np.mean(np.abs(ndimage.convolve(plane, kernel))))


def _ring(size: int) -> np.ndarray:
    ring = np.ones((size, size), bool)
    ring[size // 2, size // 2] = False
    return ring


def teach(seen: list[Image], wanted: list[Image] | None, seconds: float) -> Model:
    """A network that learned for so many seconds of the processor, the start that it is added to among them."""
    start = time.process_time()
    material = gather(seen, wanted, TASKS["denoise"])
    config = RestoreConfig(seconds=seconds - (time.process_time() - start), device="cpu")
    with mock.patch.object(teaching, "time", SimpleNamespace(monotonic=time.process_time)):
        return drain(teaching.teach_steps(material, config, "benchmark")).model


class Pictures:
    """Results of methods in a folder, made when asked for and not there."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, level: str, number: int, method: str) -> Path:
        return self.folder / f"{level}_{number}_{method}.npy"

    def read(self, level: str, number: int, method: str) -> np.ndarray:
        """The result (Y, X) of a method for an image."""
        path = self.path(level, number, method)
        if not path.exists():
            np.save(path, self._make(level, number, method))
        return np.asarray(np.load(path))

    def _make(self, level: str, number: int, method: str) -> np.ndarray:
        if method == "noisy":
            return add_noise(read_clean(_SCORED + number), level, number)
        noisy = self.read(level, number, "noisy")
        if method in FILTERS:
            return filtered(noisy, method)
        image = Image(noisy, "YX")
        model = self._taught_by_pairs(level) if method == "pairs" else self._taught_alone(image)
        return np.asarray(drain(restore_steps(image, model)).data)

    def _taught_alone(self, image: Image) -> Model:
        return teach([image], None, self.seconds)

    def _taught_by_pairs(self, level: str) -> Model:
        path = self.folder / f"{level}_pairs.safetensors"
        if not path.exists():
            clean = [read_clean(number) for number in _TEACHERS]
            seen = [Image(add_noise(one, level, 99 + i), "YX", name=f"pair {i}") for i, one in enumerate(clean)]
            wanted = [Image(one, "YX", name=f"clean {i}") for i, one in enumerate(clean)]
            save_model(teach(seen, wanted, self.seconds), path)
        return load_model_file(path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Scores of before."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All scores of the folder, with those that were missing, which are printed as they come."""
    path, pictures = args.pictures / "scores.jsonl", Pictures(args.pictures, args.seconds)
    rows = read_rows(path)
    model = load_model(None) if args.objects else None
    for level, method, number in itertools.product(args.levels, args.methods, range(args.images)):
        if method not in OWN and not pictures.path(level, number, method).exists():
            continue
        row: dict[str, Any] = {"level": level, "method": method, "image": number}
        old = next((one for one in rows if row.items() <= one.items()), None)
        if old is not None and ("ap50" in old or model is None):
            continue
        picture = pictures.read(level, number, method)
        row |= score(picture, read_clean(_SCORED + number))
        if model is not None:
            row["ap50"] = objects_found(model, picture, read_labels_of(_SCORED + number))
        print(json.dumps(row), flush=True)
        rows = [one for one in rows if one is not old] + [row]
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return rows


def means(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row for each level and method."""
    for level, method in dict.fromkeys((row["level"], row["method"]) for row in rows):
        own = [row for row in rows if (row["level"], row["method"]) == (level, method)]
        keys = [key for key in ("psnr", "ssim", "ap50") if all(key in row for row in own)]
        told = {key: round(float(np.mean([row[key] for row in own])), 3) for key in keys}
        yield {"level": level, "method": method, "images": len(own), **told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder for results")
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each network")
    parser.add_argument("--objects", action="store_true", help="also AP@0.5 of what the model that ships finds")
    parser.add_argument("--levels", nargs="+", default=list(PHOTONS), choices=list(PHOTONS))
    parser.add_argument("--methods", nargs="+", default=[*OWN, *OTHERS], choices=[*OWN, *OTHERS])
    args = parser.parse_args()
    for row in means(add_rows(args)):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
