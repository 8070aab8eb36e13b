"""How near twice the rows and columns come to the image as it was: ours against bicubic, on images never seen.

    python benchmarks/enlarging.py [--sets bbbc039 axon_sem] [--steps 480] [--images 3]
    python benchmarks/enlarging.py --bound

Images are shrunk to half (the mean of 2 x 2 pixels, as of a camera with larger ones). `pairs` learned on other images
of the set (of `axon_sem` those whose role is train, of other animals than what is scored), `alone` on the small image
itself at half its size. PSNR is over the range of the image (percentiles 1 to 99.8). Steps are fixed, so that a busy
machine gives the same figures.

`--bound` says of each image of `axon_sem` what somebody could gain at most who knew all of it but its noise. Noise is
taken to be what the spectrum has at .40 to .48 periods a pixel, and nowhere more than the image has: of it the mean of
2 x 2 pixels tells a part, and no network the rest.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator

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


def bounds() -> Iterator[dict[str, object]]:
    """Of the middle of each image of `axon_sem`: bicubic, and the most that noise leaves to be gained, in dB."""
    for path in sorted((DATA / "axon_sem" / "images").iterdir()):
        plane = even(np.asarray(imread(path)), _SIDE)
        error = float(np.mean((enlarge(shrink(plane)) - plane) ** 2))
        gain = 10 * np.log10(error / unforeseeable(spectrum_of_noise(plane)))
        plain = score(enlarge(shrink(plane)), plane)["psnr"]
        yield {"image": path.stem, "bicubic": round(plain, 2), "most_gain_db": round(float(gain), 2)}


def spectrum_of_noise(plane: np.ndarray) -> np.ndarray:
    """Power (side, side) at all frequencies, alike in all directions, of a square plane."""
    side = len(plane)
    window = np.outer(np.hanning(side), np.hanning(side))
    window /= np.sqrt(np.mean(window**2))
    power = np.abs(np.fft.fft2((plane - plane.mean()) * window)) ** 2 / side**2
    frequencies = np.fft.fftfreq(side)
    ring = np.rint(np.hypot(frequencies[:, None], frequencies) * side).astype(int)
    of_ring = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    plateau = of_ring[round(0.40 * side) : round(0.48 * side)].mean()
    return np.asarray(np.minimum(of_ring, plateau)[ring])


def unforeseeable(noise: np.ndarray) -> float:
    """Variance of noise of a spectrum that the means of 2 x 2 pixels do not tell (Wiener, of what they fold over)."""
    half = len(noise) // 2
    along = np.abs((1 + np.exp(-2j * np.pi * np.fft.fftfreq(len(noise)))) / 2) ** 2
    folded = [np.s_[y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
    power = np.stack([noise[part] for part in folded])
    passed = np.stack([np.outer(along, along)[part] for part in folded])
    told = (passed * power**2).sum(axis=0) / (passed * power).sum(axis=0)
    return float((power.sum(axis=0) - told).sum() / noise.size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["bbbc039", "axon_sem"], choices=["bbbc039", "axon_sem"])
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--images", type=int, default=3)
    parser.add_argument("--bound", action="store_true", help="what noise leaves to be gained, and nothing else")
    args = parser.parse_args()
    if args.bound:
        for row in bounds():
            print(json.dumps(row), flush=True)
        return
    for name in args.sets:
        for row in run(name, args.steps, args.images):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
