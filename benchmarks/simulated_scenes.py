"""A picture of what the scenes of the simulation draw: a row each, outlines on the right half of every image.

python benchmarks/simulated_scenes.py --output docs/images/scenes.jpg
python benchmarks/simulated_scenes.py --scenes phase --rows 6 --side 320 --output phase.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from skimage.segmentation import find_boundaries

from napari_unet.training.simulation.scenes import SCENES, simulate_image

OUTLINE = (1.0, 0.2, 0.2)


def outlined(scene: str, side: int, seed: tuple[int, ...]) -> Any:
    """An image (side, side, 3) of values from 0 to 1."""
    image, labels = simulate_image(side, seed, rods=0.3, scenes={scene: 1.0})
    colours = np.dstack([image.clip(0, 1)] * 3)
    outlines = find_boundaries(labels, mode="inner")
    outlines[:, : side // 2] = False
    colours[outlines] = OUTLINE
    return colours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", nargs="+", default=list(SCENES), choices=list(SCENES))
    parser.add_argument("--rows", type=int, default=1, help="of each scene")
    parser.add_argument("--columns", type=int, default=7)
    parser.add_argument("--side", type=int, default=160, help="pixels of an image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="a file of pictures, such as .jpg or .png")
    given = parser.parse_args()
    names = [name for name in given.scenes for _ in range(given.rows)]
    figure, axes = plt.subplots(
        len(names), given.columns, figsize=(1.2 * given.columns, 1.2 * len(names)), squeeze=False
    )
    for row, name in enumerate(names):
        for column in range(given.columns):
            axis = axes[row, column]
            axis.imshow(outlined(name, given.side, (given.seed, row, column)))
            axis.set_xticks([])
            axis.set_yticks([])
        axes[row, 0].set_ylabel(name, fontsize=8)
    figure.subplots_adjust(left=0.04, right=1, bottom=0, top=1, wspace=0.02, hspace=0.02)
    figure.savefig(given.output, dpi=110, pil_kwargs={"quality": 70} if given.output.suffix == ".jpg" else None)


if __name__ == "__main__":
    main()
