"""Fifty errors of five kinds, put into the labels of a real image, are corrected in at most 60 clicks or strokes.

10 pairs of touching nuclei are merged, 10 nuclei cut in two, 10 missed, 10 false ones invented, 10 get a bad outline.
A scripted user who knows the truth mends them with the tools: what the mouse would give to the tools, it gives them.
Every click and every stroke counts one; choosing a tool does not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk
from skimage.measure import approximate_polygon, find_contours, regionprops

from napari_unet import load_model, segment
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.labels.scores import average_precision

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.session import get_session

pytestmark = pytest.mark.shared_data

IMAGE = "a891bbc89143bca7a717386144eb061ec2d599cba24681389bcb3a2fedb8ff8c"
EACH, MOST_ACTIONS, SCORE = 10, 60, 0.95


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


class Errors:
    """`labels` of `truth` with errors, and what a person who looks at the image would know about each."""

    def __init__(self, truth: np.ndarray, seed: int = 0) -> None:
        self.truth, self.labels = truth, truth.copy()
        self._random = np.random.default_rng(seed)
        self._regions = {region.label: region for region in regionprops(truth)}
        large = [i for i, region in self._regions.items() if region.area > 60 and self._inside(region)]
        self._free = list(self._random.permutation(large))
        self.merged = self._merge(self._touching())
        self.split = self._take(EACH, self._cut)
        self.missed = self._take(EACH, lambda i: self._set(i, np.zeros_like(truth, bool)))
        self.bad = self._take(EACH, self._distort)
        self.false = [self._invent(int(truth.max()) + 1 + n) for n in range(EACH)]

    def _inside(self, region) -> bool:
        top, left, bottom, right = region.bbox
        return min(top, left) > 1 and bottom < self.truth.shape[0] - 1 and right < self.truth.shape[1] - 1

    def _set(self, object_id: int, mask: np.ndarray) -> None:
        self.labels[self.labels == object_id] = 0
        self.labels[mask & (self.labels == 0)] = object_id

    def _take(self, n: int, spoil) -> list[int]:
        taken = [int(self._free.pop()) for _ in range(n)]
        for object_id in taken:
            spoil(object_id)
        return taken

    def _touching(self) -> list[tuple[int, int]]:
        found = {}
        for i in self._free:
            around = ndimage.binary_dilation(self.truth == i)
            for j in np.unique(self.truth[around]):
                if j != i and j in self._free and not {i, j} & {k for pair in found for k in pair}:
                    found[(int(i), int(j))] = True
                    break
        return list(found)[:EACH]

    def _merge(self, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        for i, j in pairs:
            self.labels[self.labels == j] = i
            self._free = [k for k in self._free if k not in (i, j)]
        return pairs

    def _cut(self, object_id: int) -> None:
        region = self._regions[object_id]
        rows, columns = np.indices(self.truth.shape)
        angle = self._random.uniform(0, np.pi)
        side = (rows - region.centroid[0]) * np.cos(angle) + (columns - region.centroid[1]) * np.sin(angle) > 0
        self.labels[(self.truth == object_id) & side] = int(self.labels.max()) + 1000

    def _distort(self, object_id: int) -> None:
        """Much too small, or shifted by a third of its size: an IoU well below 0.7."""
        mask = self.truth == object_id
        diameter = self._regions[object_id].equivalent_diameter_area
        if self._random.random() < 0.5:
            new = ndimage.binary_erosion(mask, iterations=max(1, round(0.15 * diameter)))
        else:
            new = np.roll(mask, round(0.35 * diameter), axis=int(self._random.integers(2)))
        self._set(object_id, new)

    def _invent(self, object_id: int) -> tuple[int, int]:
        away = ndimage.distance_transform_edt((self.labels == 0) & (self.truth == 0))
        away[:8], away[-8:], away[:, :8], away[:, -8:] = 0, 0, 0, 0
        places = np.argwhere(away > min(7.0, 0.9 * away.max()))
        place = tuple(int(x) for x in places[self._random.integers(len(places))])
        self.labels[disk(place, min(6.0, away[place] - 1), shape=self.labels.shape)] = object_id
        return place


class Person:
    """Mends the errors with the tools of a window; `actions` counts clicks and strokes."""

    def __init__(self, step: CorrectStep, errors: Errors) -> None:
        self.step, self.errors, self.actions = step, errors, 0

    @property
    def labels(self) -> np.ndarray:
        return self.step.session.current.labels

    def use(self, tool: str, *stroke) -> None:
        """Take a tool, then click (one place) or drag (several)."""
        if self.step.tools.tool != tool:
            self.step.buttons[tool].click()
        assert self.step.tools.tool == tool
        self.actions += 1
        self.step.tools.use_stroke([tuple(round(float(x)) for x in place) for place in stroke])

    def centre(self, mask: np.ndarray):
        """A place well inside."""
        return np.unravel_index(ndimage.distance_transform_edt(mask).argmax(), mask.shape)

    def outline(self, object_id: int) -> list:
        """The true outline as a hand draws it: with few corners, closed."""
        contour = max(find_contours(np.pad(self.errors.truth == object_id, 1), 0.5), key=len) - 1
        return list(approximate_polygon(contour, 0.6))

    def mend(self) -> None:
        truth, errors = self.errors.truth, self.errors
        for place in errors.false:
            self.use("delete", place)
        for i, j in errors.merged:
            self.use("split", *self.line_between(truth == i, truth == j))
        for i in errors.split:
            mask = truth == i
            parts = [k for k in np.unique(self.labels[mask]) if k]
            self.use("merge", *[self.centre(mask & (self.labels == k)) for k in parts])
        for i in errors.missed:
            self.use("add", self.centre(truth == i))
        for i in errors.bad:
            self.use("outline", *self.outline(i))
        for i in errors.missed:  # where the model's proposal is no good, the person draws
            if self.actions < MOST_ACTIONS and self.quality(i) < 0.75:
                self.use("outline", *self.outline(i))

    def quality(self, object_id: int) -> float:
        mask = self.errors.truth == object_id
        ids = np.unique(self.labels[mask])
        return max((iou(self.labels == k, mask) for k in ids if k), default=0.0)

    def line_between(self, one: np.ndarray, other: np.ndarray) -> list:
        """A line along the border of two touching objects, drawn as one sees it: through its middle, along it."""
        near = (ndimage.binary_dilation(one, iterations=2) & other) | (
            ndimage.binary_dilation(other, iterations=2) & one
        )
        points = np.argwhere(near)
        middle = points.mean(axis=0)
        direction = np.linalg.svd(points - middle, full_matrices=False)[2][0]
        reach = np.abs((points - middle) @ direction).max() + 3
        return [middle - reach * direction, middle, middle + reach * direction]


def test_fifty_errors_take_at_most_sixty_clicks_or_strokes(data_dir: Path, qtbot) -> None:
    folder = data_dir / "dsb2018"
    image = read_image(folder / "images" / f"{IMAGE}.png")
    truth = read_labels(folder / "labels" / f"{IMAGE}.png", image).astype(np.int32)
    errors = Errors(truth)
    assert all(len(kind) == EACH for kind in (errors.merged, errors.split, errors.missed, errors.bad, errors.false))
    found = segment(image, load_model("nuclei-2d"), keep_probability=True)

    viewer = ViewerModel()
    session = get_session(viewer)
    work = session.work_on(viewer.add_image(image.plane(()), name="nuclei"))
    step = CorrectStep(session)
    session.add_layer(work, "labels", errors.labels.copy())
    work.prediction = errors.labels.copy()
    viewer.layers.selection.active = work.labels_layer
    work.maps, work.view = KeptMaps(found.probability, found.done), found.view
    person = Person(step, errors)
    before = average_precision([truth], [work.labels])[0.75]
    person.mend()
    after = average_precision([truth], [work.labels])[0.75]
    nuclei = len(np.unique(truth)) - 1
    print(f"AP@0.75 {before:.3f} -> {after:.3f} with {person.actions} clicks or strokes, {nuclei} nuclei")
    session.close()
    step.deleteLater()
    assert before < 0.7
    assert person.actions <= MOST_ACTIONS
    assert after >= SCORE
