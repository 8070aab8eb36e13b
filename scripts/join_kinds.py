"""Put two models in one file, so that each image is answered by the one whose images it resembles.

    python scripts/join_kinds.py --model cells-2d.safetensors --recipe napari_unet/training/recipes/cells-2d.toml
        --data ../shared/data --output napari_unet/models/pretrained/cells-2d.safetensors

`--base` is carried beside `--model`, and by its features looks are measured: those of the images of the recipe's
sources, but not of those that the base knows already (`--known`, parts of the sources' names).
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from make_replay import one_per_field

from napari_unet.learning.replay import find_looks
from napari_unet.models.library import load_model
from napari_unet.models.model_file import save_model
from napari_unet.segmentation.looks import measure_look
from napari_unet.training.base_data import read_pair
from napari_unet.training.recipe import find_files, read_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--base", default="nuclei-2d")
    parser.add_argument("--known", nargs="*", default=["nuclei", "bbbc", "small fields"])
    parser.add_argument("--name", default="Cells and nuclei 2D")
    parser.add_argument("--kind", default="cells")
    parser.add_argument("--base-kind", default="nuclei")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model, base, recipe = load_model(args.model), load_model(args.base), read_recipe(args.recipe)
    base = replace(base, looks=find_looks(base.record), others=())
    sources = [one for one in recipe.learn if not any(known in one.name for known in args.known)]
    weights, generator = np.sqrt([one.share for one in sources]), np.random.default_rng(0)
    looks = []
    for source, weight in zip(sources, weights / weights.sum(), strict=True):
        files = one_per_field(list(find_files((source,), args.data)), args.data, generator)
        looks += [measure_look(read_pair(file)[0], base) for file in files[: max(1, round(args.images * weight))]]
    base = replace(base, record=base.record.model_copy(update={"kind": args.base_kind}))
    record = model.record.model_copy(update={"name": args.name, "kind": args.kind})
    saved = save_model(replace(model, record=record, looks=np.stack(looks)).with_others((base,)), args.output)
    print(f"{len(looks)} images of {args.kind}; {saved.path}: {args.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
