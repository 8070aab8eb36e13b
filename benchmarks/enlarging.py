"""How near twice the rows and columns come to the image as it was: ours against bicubic, on images never seen.

    python benchmarks/enlarging.py [--sets bbbc039 axon_sem] [--steps 480] [--images 3]

Images are shrunk to half (the mean of 2 x 2 pixels, as of a camera with larger ones). `pairs` learned on other images
of the set (of `axon_sem` those whose role is train, of other animals than what is scored), `alone` on the small image
itself at half its size. PSNR is over the range of the image (percentiles 1 to 99.8). Steps are fixed, so that a busy
machine gives the same figures.
"""

from __future__ import annotations

import argparse
import csv
import json

import numpy as np
from denoising import DATA, read_clean, score
from skimage.io import imread

from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.restoration.applying import restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.starts.enlarging import enlarge, shrink
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps

_SIDE = 512  # pixels of what is scored


def even(plane: np.ndarray, side: int | None = None) -> np.ndarray:
    """The middle of a plane, of even size."""
    parts = []
    for size in plane.shape:
        wide = min(size, side or size) // 2 * 2
        parts.append(slice((size - wide) // 2, (size - wide) // 2 + wide))
    return np.asarray(plane[tuple(parts)], np.float32)


def read_sets(name: str, images: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Images to learn from, and others to score."""
    if name == "bbbc039":
        return [even(read_clean(i)) for i in range(20, 24)], [even(read_clean(40 + i), _SIDE) for i in range(images)]
    folder = DATA / "axon_sem"
    with (folder / "images.csv").open() as file:
        rows = list(csv.DictReader(file))
    paths = {path.stem: path for path in (folder / "images").iterdir()}
    planes = {row["id"]: even(np.asarray(imread(paths[row["id"]]))) for row in rows}
    learned = [planes[row["id"]] for row in rows if row["role"] == "train" and row["group"] != "sub-rat3"][:4]
    scored = [planes[row["id"]] for row in rows if row["role"] == "test" or row["group"] == "sub-rat3"]
    return learned, [even(plane, _SIDE) for plane in scored[:images]]


def small(plane: np.ndarray, name: str) -> Image:
    return Image(shrink(plane), "YX", name=name)


def run(name: str, steps: int, images: int) -> list[dict[str, object]]:
    learned, scored = read_sets(name, images)
    config = RestoreConfig(seconds=80_000, max_steps=steps, held_out=0)
    teachers = [small(plane, f"small {i}") for i, plane in enumerate(learned)]
    wanted = [Image(plane, "YX", name=f"large {i}") for i, plane in enumerate(learned)]
    task = TASKS["upscale"]
    taught = drain(teach_steps(gather(teachers, wanted, task), config, "pairs"))
    rows: dict[str, list[dict[str, float]]] = {}
    for plane in scored:
        image = small(plane, "scored")
        alone = drain(teach_steps(gather([image], None, task), config, "alone"))
        found = {"bicubic": enlarge(np.asarray(image.data))}
        for method, model in (("alone", alone.model), ("pairs", taught.model)):
            found[method] = np.asarray(drain(restore_steps(image, model)).data)
        for method, picture in found.items():
            rows.setdefault(method, []).append(score(picture, plane))
    return [
        {"set": name, "method": method, "images": len(own)}
        | {key: round(float(np.mean([one[key] for one in own])), 3) for key in own[0]}
        for method, own in rows.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["bbbc039", "axon_sem"], choices=["bbbc039", "axon_sem"])
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--images", type=int, default=3)
    args = parser.parse_args()
    for name in args.sets:
        for row in run(name, args.steps, args.images):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
