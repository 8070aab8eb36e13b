"""Pictures for the model card: where the shipped model does well, and where it fails.

    python benchmarks/model_card.py [--data ../shared/data] [--model NAME] --output docs/images/model-card.png

One row an image type, from images that the model did not learn from (validation images, and types it never saw): an
image of middling score on the left, the worst on the right; ground truth in green, what the model finds in red. Prints
the AP@0.5 of each. Images of `role=test` are not looked at.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from accuracy import files
from skimage.io import imsave
from skimage.segmentation import find_boundaries

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.scores import tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.segment import segment_steps

ROWS = (
    ("validation", "fluo_small_256"),
    ("validation", "fluo_hcs_520x696"),
    ("validation", "fluo_large"),
    ("validation", "mnfinder"),
    ("validation", "hist_purple_on_white"),
    ("unseen", "hist_purple_on_purple"),
    ("unseen", "brightfield_gray"),
)
SIDE, AT_MOST = 256, 24


def examples(data: Path, role: str, kind: str, model: Model) -> list[tuple[float, np.ndarray]]:
    """(AP@0.5, picture) of images with at least five objects, the best first."""
    found = []
    chosen = [one for one in files(data, role) if one[0] == kind][:AT_MOST]
    for _, image_path, labels_path, _ in chosen:
        image = read_image(image_path).select_channel(None)
        truth = read_labels(labels_path, image)
        if len(np.unique(truth)) > 5:
            labels = drain(segment_steps(image, model)).labels
            found.append((tally_objects(truth, labels).average_precision()[0.5], picture(image, truth, labels)))
    return sorted(found, key=lambda one: -one[0])


def picture(image: Image, truth: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(SIDE, 2 SIDE, 3): ground truth beside what was found, of the part with most objects."""
    grey = normalize(image.plane(()), measure_limits(image.plane(()))).clip(0, 1) ** 0.7
    corners = [(y, x) for y in range(0, grey.shape[0], SIDE // 2) for x in range(0, grey.shape[1], SIDE // 2)]
    y, x = max(corners, key=lambda c: len(np.unique(truth[c[0] : c[0] + SIDE, c[1] : c[1] + SIDE])))
    part = (slice(y, y + SIDE), slice(x, x + SIDE))
    halves = []
    for outlines, colour in ((truth, (0.0, 0.9, 0.25)), (labels, (1.0, 0.3, 0.15))):
        half = np.stack([grey[part]] * 3, -1)
        half[find_boundaries(outlines[part], mode="inner")] = colour
        halves.append(np.pad(half, ((0, SIDE - half.shape[0]), (0, SIDE - half.shape[1]), (0, 0))))
    return np.concatenate(halves, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", default=None)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model, rows = load_model(args.model), []
    gap = np.ones((SIDE, 8, 3))
    for role, kind in ROWS:
        found = examples(args.data, role, kind, model)
        middle, worst = found[len(found) // 2], found[-1]
        rows.append(np.concatenate([middle[1], gap, worst[1]], axis=1))
        print(f"{kind:24} AP@0.5 of the middle one {middle[0]:.2f}, of the worst {worst[0]:.2f}", flush=True)
    imsave(args.output, (np.concatenate(rows) * 255).astype(np.uint8), check_contrast=False)


if __name__ == "__main__":
    main()
