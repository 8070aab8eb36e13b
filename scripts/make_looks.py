"""Measure what images of a base model's recipe look like to it, so that its children can tell these from their own.

    python scripts/make_looks.py --recipe napari_unet/training/recipes/nuclei-2d.toml --data ../shared/data

Takes images from all sources of the recipe, as the square root of their shares, each from another field of view.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from make_replay import one_per_field

from napari_unet.learning.replay import LOOKS_SUFFIX
from napari_unet.models.library import load_model
from napari_unet.segmentation.looks import measure_look
from napari_unet.training.base_data import read_pair
from napari_unet.training.recipe import find_files, read_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--model", default="nuclei-2d")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--output", type=Path, help=f"default: beside the recipe, REPLAY{LOOKS_SUFFIX}")
    parser.add_argument("--images", type=int, default=40)
    args = parser.parse_args()
    recipe, model, generator = read_recipe(args.recipe), load_model(args.model), np.random.default_rng(0)
    weights = np.sqrt([source.share for source in recipe.learn])
    looks = []
    for source, weight in zip(recipe.learn, weights / weights.sum(), strict=True):
        files = one_per_field(list(find_files((source,), args.data)), args.data, generator)
        looks += [measure_look(read_pair(file)[0], model) for file in files[: max(1, round(args.images * weight))]]
    output = args.output or args.recipe.with_name(f"{model.record.replay}{LOOKS_SUFFIX}")
    np.save(output, np.stack(looks).astype(np.float16))
    print(f"{len(looks)} images -> {output}")


if __name__ == "__main__":
    main()
