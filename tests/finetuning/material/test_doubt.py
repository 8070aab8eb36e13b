"""Background around corrections that is not to be believed."""

from __future__ import annotations

import numpy as np
from discs import draw_discs

from napari_unet.finetuning.material.doubt import find_doubt, mark_doubt
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.images.normalization import Limits
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import TileQueue, predict_plane


def missed_one() -> tuple[TrainingPlane, np.ndarray, np.ndarray]:
    """A plane whose disc 8 nobody drew, what the model says of its foreground, and where the disc is."""
    image, labels = draw_discs()
    missed = labels == 8
    everywhere = np.ones(labels.shape, bool)
    plane = TrainingPlane(image / 100, np.where(missed, 0, labels), everywhere, everywhere, ~everywhere, predicted=True)
    return plane, np.where(labels > 0, 0.6, 0.05).astype(np.float32), missed


def test_an_object_that_nobody_drew_is_unknown_where_the_model_means_one() -> None:
    plane, foreground, missed = missed_one()
    plane.unsure = find_doubt(plane, foreground)
    assert np.array_equal(plane.unsure, missed)
    weights = head_named("instances").learning_maps(plane).weights
    assert not weights[missed].any()
    assert weights[~missed].all()


def test_what_was_erased_is_known() -> None:
    plane, foreground, missed = missed_one()
    plane.changed = missed
    assert not find_doubt(plane, foreground).any()


def test_the_outline_of_a_drawn_object_is_known() -> None:
    plane, _, _ = missed_one()
    foreground = np.full(plane.labels.shape, 0.9, np.float32)
    beside = np.zeros(plane.labels.shape, bool)
    rows, columns = np.nonzero(plane.labels == 1)
    beside[rows.max() + 1, int(columns.mean())] = True
    assert not find_doubt(plane, foreground)[beside].any()


def test_labels_without_a_prediction_are_taken_at_their_word(tiny_model) -> None:
    drawn, predicted = missed_one()[0], missed_one()[0]
    drawn.predicted = False
    mark_doubt(tiny_model, [drawn, predicted])
    assert drawn.unsure is None
    assert predicted.unsure is not None


def test_no_time_no_doubt(tiny_model) -> None:
    plane = missed_one()[0]
    mark_doubt(tiny_model, [plane], enough=lambda: True)
    assert plane.unsure is None


def test_only_what_is_learned_from_is_asked_about(tiny_model, monkeypatch) -> None:
    """Of a large plane of which one corner is reviewed, that corner is seen, and its answer is that of the whole."""
    small = missed_one()[0]
    whole = np.tile(small.pixels, (3, 3))[:700, :700]
    labels, corner = np.zeros(whole.shape, np.int32), np.zeros(whole.shape, bool)
    corner[:100, :100] = True
    plane = TrainingPlane(whole, labels, corner, corner, np.zeros_like(corner), predicted=True)
    predictor = Predictor(tiny_model, Engine("cpu"))
    seen = see_plane(whole, Limits(0.0, 1.0), tiny_model.record)
    whole_map, n_whole = predict_plane(predictor, seen, 384), len(TileQueue(predictor, seen, 384))
    asked = []
    original = Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, *args: asked.append(1) or original(self, *args))
    mark_doubt(tiny_model, [plane], Engine("cpu"))
    assert (len(asked), n_whole) == (1, 4)
    assert np.array_equal(plane.unsure, find_doubt(plane, whole_map.maps[0]))


def test_pixel_by_pixel_it_has_to_be_background_that_is_learned_from_and_that_the_model_doubts() -> None:
    labels = np.zeros((9, 20), np.int32)
    labels[4, 2] = 1
    learn = np.ones(labels.shape, bool)
    learn[:, 15] = False
    changed = np.zeros(labels.shape, bool)
    changed[4, 12] = True
    plane = TrainingPlane(np.zeros(labels.shape, np.float32), labels, np.ones_like(learn), learn, changed)
    foreground = np.zeros(labels.shape, np.float32)
    foreground[4] = 0.21
    foreground[4, 18] = 0.19
    found = find_doubt(plane, foreground)
    assert np.flatnonzero(found[4]).tolist() == [*range(6, 12), 13, 14, 16, 17, 19]  # 3 pixels around it are known
    assert found.sum() == 11
