"""Give a model one kind of image more, with weights and looks of its own, before the kind that all of them came of.

    python scripts/add_kind.py --model cells-2d.safetensors --add histology.safetensors --kind histology
        --recipe napari_unet/training/recipes/histology-2d.toml --data ../shared/data --picture IMAGE LABELS
        --share nuclei-2d.safetensors --output three.safetensors

Looks are measured by the last kind of the model, on images of the recipe's sources that are as they are (not on
fluorescence that was painted). With `--share`, a file beside the output, the last kind's weights stay there and are
left out of the output (`napari_unet.models.recorded.shared`).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from add_pictures import draw

from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.recorded.shared import write_sharing
from napari_unet.segmentation.looks import Looks, measure_look
from napari_unet.training.base_data import read_pair
from napari_unet.training.recipe import Recipe, find_files, read_recipe


def measure_looks(recipe: Recipe, data: Path, base: Model, most: int) -> Looks:
    """What the images look like that the recipe learns from: at most so many of them, evenly drawn."""
    sources = tuple(one for one in recipe.learn if not one.stained)
    files = list(find_files(sources, data))
    channels = recipe.training.architecture.in_channels
    return np.stack([measure_look(read_pair(file, channels)[0], base) for file in files[:: -(-len(files) // most)]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--add", type=Path, required=True)
    parser.add_argument("--kind", required=True)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--description", default="", help="of the model in all (default: as it was)")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--picture", nargs=2, type=Path, metavar=("IMAGE", "LABELS"))
    parser.add_argument("--share", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model, added = load_model_file(args.model), load_model_file(args.add)
    others = [one for one in model.others if one.record.kind_name != args.kind]
    looks = measure_looks(read_recipe(args.recipe), args.data, others[-1], args.images)
    added = replace(added, looks=looks, record=added.record.model_copy(update={"kind": args.kind}))
    if args.picture:
        added = replace(added, picture=draw(*args.picture))
    if args.description:
        model = replace(model, record=model.record.model_copy(update={"description": args.description}))
    joined = model.with_others((*others[:-1], added, others[-1]))
    if args.share is None:
        save_model(joined, args.output)
    else:
        with tempfile.TemporaryDirectory() as folder:
            whole = save_model(joined, Path(folder) / args.output.name).path
            assert whole is not None
            write_sharing(whole, args.output, f"kind.{len(joined.others) - 1}.", args.share)
    print(f"{len(looks)} images of {args.kind}; {args.output}: {args.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
