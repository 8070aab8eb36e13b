"""How good the "Missed?" rows of the review queue are: what `review_queue.py --missed` prints.

A true object is *missed* if less than half of its pixels are labelled. A row is *right* if most of the pixels that it
is known by lie in one missed object, and an object is *found* if it has a right row. Precision is the share of rows
that are right, recall the share of missed objects that are found. Printed over the probability from which a patch
counts (`FAINT` of `napari_unet/review/missed.py`), and for the one in use over the mean probability of a place
from which its row is listed; the one that follows from the measure's limits and `SUSPICIOUS` is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.labels.object_runs import find_runs
from napari_unet.models.model import Model
from napari_unet.review import missed
from napari_unet.review.suspicion import MEASURES, SUSPICIOUS
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.second_look import SecondLook, look_again
from napari_unet.segmentation.segment import segment_steps

FAINTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
LISTED = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, eq=False)
class Seen:
    """An image as the queue gets it: (Y, X) `labels`, `second` opinion and `truth`, and maps (outputs, Y, X)."""

    kind: str
    labels: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    maps: npt.NDArray[np.float32]
    truth: npt.NDArray[np.int32]

    @property
    def missed_objects(self) -> set[int]:
        sizes = np.bincount(self.truth.ravel())
        covered = np.bincount(self.truth.ravel(), weights=self.labels.ravel() > 0, minlength=sizes.size)
        return set(np.flatnonzero(covered < 0.5 * sizes).tolist()) - {0}


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of some images: their mean probabilities, the (image, missed object) each is right about, or None."""

    probability: npt.NDArray[np.float64]
    finds: list[tuple[int, int] | None]
    n_missed: int

    def line(self, least: float = 0.0) -> str:
        """How good the rows are from a mean probability on."""
        kept = [found for found, value in zip(self.finds, self.probability, strict=True) if value >= least]
        right = sum(found is not None for found in kept)
        n_found = len(set(kept) - {None})
        precision, recall = right / max(1, len(kept)), n_found / max(1, self.n_missed)
        both = 2 * precision * recall / max(1e-9, precision + recall)
        return f"{len(kept):7d} rows   precision {precision:6.1%}   recall {recall:6.1%}   F1 {both:.3f}"


def see(kind: str, image_path: Path, labels_path: Path, model: Model) -> Seen:
    """Segment an image, and let the model look again."""
    image = read_image(image_path).select_channel(None)
    found = drain(segment_steps(image, model, SegmentConfig()))
    look = next(look for look in look_again(image, model, found.view, [()]) if isinstance(look, SecondLook))
    truth = read_labels(labels_path, image).astype(np.int32)
    return Seen(kind, found.labels, look.labels, look.maps, truth)


def find_rows(images: Sequence[Seen], faint: float) -> Rows:
    """The rows of all images if a patch counts from a probability of `faint`."""
    usual_setting, probability, finds, n_missed = missed.FAINT, [], [], 0
    missed.FAINT = faint
    try:
        for number, image in enumerate(images):
            wanted = image.missed_objects
            n_missed += len(wanted)
            runs = find_runs(image.labels)
            areas = runs.total(runs.lengths)
            if not areas.size:
                continue  # as in the window: without objects nothing is known of their usual size
            rows = missed.find_missed(image.labels, image.second, image.maps, float(np.median(areas)))
            probability += rows.foreground.tolist()
            for probes in rows.probes:
                under = image.truth[probes[:, 0], probes[:, 1]]
                ids, counts = np.unique(under, return_counts=True)
                best = int(ids[counts.argmax()])
                right = best in wanted and 2 * counts.max() > len(probes)
                finds.append((number, best) if right else None)
    finally:
        missed.FAINT = usual_setting
    return Rows(np.array(probability), finds, n_missed)


def listed_from() -> float:
    """The mean probability from which a place is suspicious enough to be listed at first."""
    measure = next(measure for measure in MEASURES if measure.name == "missed")
    return measure.low + SUSPICIOUS / measure.weight * (measure.high - measure.low)


def report_missed(images: Sequence[Seen]) -> None:
    """Print the tables for all images, and for each type."""
    now = listed_from()
    for kind in ("all types", *sorted({image.kind for image in images})):
        chosen = [image for image in images if kind in ("all types", image.kind)]
        n_true = sum(len(np.unique(image.truth)) - 1 for image in chosen)
        rows = find_rows(chosen, missed.FAINT)
        print(f"\n{kind}: {len(chosen)} images, {n_true} true objects, {rows.n_missed} missed")
        for faint in FAINTS:
            mark = "  <- in use" if faint == missed.FAINT else ""
            print(f"  patches from {faint:.2f}, listed from {now:.2f} {find_rows(chosen, faint).line(now)}{mark}")
        for least in sorted({*LISTED, round(now, 3)}):
            mark = "  <- in use" if least == round(now, 3) else ""
            print(f"  patches from {missed.FAINT:.2f}, listed from {least:.2f} {rows.line(least)}{mark}")
