"""Thresholds that are chosen anew on what was learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from discs import draw_discs
from torch import Tensor

from napari_unet.finetuning.judging import calibration
from napari_unet.finetuning.judging.calibration import _candidates, _some
from napari_unet.finetuning.judging.keeping import measure_kept
from napari_unet.finetuning.judging.outline_style import measure_evenness, measure_outlines
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.images.normalization import Limits
from napari_unet.labels.growing import move_outlines
from napari_unet.learning.scoring import score_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord


class Unsure(torch.nn.Module):
    """Says of bright pixels, at some probability, that they are objects; distance as the brightness has it."""

    def __init__(self, config, probability: float) -> None:
        super().__init__()
        self.config, self.level = config, float(np.log(probability / (1 - probability)))

    def forward(self, x: Tensor, region=None) -> Tensor:
        inside = (x[:, :1] > 0.5).to(x.dtype)
        logits = inside * (self.level + 8) - 8
        return torch.cat([logits, inside * 16 - 8], dim=1)


def calibrate(model: Model, *given: Any, **options: Any) -> ModelRecord:
    """The record alone."""
    return calibration.calibrate(model, *given, **options)[0]


@pytest.fixture
def says(tiny_model, monkeypatch):
    """A model that is as sure as asked, whose network goes through prediction as it is."""
    monkeypatch.setattr("napari_unet.models.running.tile_network.fold_batch_norms", lambda network: network)
    monkeypatch.setattr("napari_unet.models.running.tile_network.fuse_network", lambda network: network)

    def make(probability: float, **thresholds: float) -> Model:
        record = tiny_model.record.model_copy(update={"seed_threshold": 0.4} | thresholds)
        return Model(Unsure(record.architecture, probability), record)  # type: ignore[arg-type]

    return make


def plane(bright: bool = True) -> HeldOutPlane:
    _, labels = draw_discs()
    pixels = (labels > 0).astype(np.float32)
    truth = labels if bright else np.zeros_like(labels)
    return HeldOutPlane(pixels, truth, np.ones(labels.shape, bool), Limits(0.0, 1.0), 18.0)


def found(model: Model, record, where: HeldOutPlane) -> float:
    return score_model(replace(model, record=record), [where])[0].ap50


def test_objects_that_are_dropped_as_unsure_are_found(says) -> None:
    model = says(0.75, object_threshold=0.88)
    assert found(model, model.record, plane()) == 0
    record = calibrate(model, [plane()])
    assert record.object_threshold < 0.75
    assert found(model, record, plane()) == 1


def test_what_the_user_deleted_is_dropped(says) -> None:
    model = says(0.86, object_threshold=0.84)
    record = calibrate(model, [plane(bright=False)])
    assert record.object_threshold > 0.86


def test_who_deletes_is_not_given_more(says) -> None:
    model = says(0.75, object_threshold=0.88)
    assert calibrate(model, [plane()], direction=1) == model.record
    assert calibrate(model, [plane()], direction=-1).object_threshold < 0.75
    surer = says(0.86, object_threshold=0.84)
    assert calibrate(surer, [plane(bright=False)], direction=-1) == surer.record


@pytest.mark.parametrize("pixels", [-2.0, 2.0])
def test_outlines_become_as_tight_or_wide_as_they_were_drawn(says, pixels: float) -> None:
    model, drawn = says(0.95, object_threshold=0.84), plane()
    drawn = replace(drawn, labels=move_outlines(drawn.labels, pixels))
    before = score_model(model, [drawn])[0].mean_ap
    record = calibrate(model, [drawn])
    assert record.outline == pytest.approx(pixels, abs=0.5)
    assert score_model(replace(model, record=record), [drawn])[0].mean_ap > before + 0.2


def test_outlines_that_differ_by_chance_stay_as_they_are() -> None:
    _, labels = draw_discs()
    wide, tight = move_outlines(labels, 2.0), move_outlines(labels, -2.0)
    assert measure_outlines([(wide, labels)]) == pytest.approx(2.0, abs=0.5)
    assert measure_outlines([(tight, labels)]) == pytest.approx(-2.0, abs=0.5)
    assert measure_outlines([(wide, labels), (tight, labels)]) == 0
    assert measure_outlines([(np.where(wide <= 4, wide, 0), labels)]) == 0  # of four objects nobody knows


def test_nothing_changes_where_nothing_is_gained(says) -> None:
    model = says(0.95, object_threshold=0.88)
    assert calibrate(model, [plane()]) == model.record


def test_the_base_images_are_not_given_up_for_it(says) -> None:
    model = says(0.75, object_threshold=0.88)
    empty = plane(bright=False)  # there, nothing is right
    before = score_model(model, [empty])[0]
    assert calibrate(model, [plane()], [empty], before).object_threshold == 0.88


def test_no_time_no_change(says) -> None:
    model = says(0.75, object_threshold=0.88)
    assert calibrate(model, [plane()], enough=lambda: True) == model.record


def test_a_hand_that_draws_now_wider_and_now_tighter_is_told_from_one_that_does_not() -> None:
    _, labels = draw_discs()
    wide, tight = move_outlines(labels, 2.0), move_outlines(labels, -2.0)
    uneven = np.where(tight % 2 == 1, tight, np.where(wide % 2 == 1, 0, wide))
    found, steady = measure_evenness([(uneven, labels)]), measure_evenness([(wide, labels)])
    assert found is not None
    assert steady is not None
    assert found.is_uneven
    assert found.spread == pytest.approx(2, abs=0.5)
    assert not steady.is_uneven
    assert steady.offset == pytest.approx(2.0, abs=0.5)
    assert measure_evenness([(np.where(wide <= 6, wide, 0), labels)]) is None  # of six objects nobody knows


def test_what_nobody_deleted_is_counted_where_it_is_lost(says) -> None:
    before, after = says(0.95), says(0.95, object_threshold=0.99)
    reviewed = plane(bright=False)
    reviewed.region[:, 60:] = False
    kept, lost = (measure_kept(before, model, [reviewed]) for model in (before, after))
    assert kept is not None
    assert lost is not None
    assert kept.share == 1
    assert lost.share == 0
    assert lost.n_objects == kept.n_objects > 10
    reviewed.region[:] = True
    assert measure_kept(before, after, [reviewed]) is None  # somebody spoke of all of them


@pytest.mark.parametrize(
    ("direction", "tried"),
    [(0, [0.88, 0.78, 0.92, 0.7, 0.6]), (1, [0.88, 0.92]), (-1, [0.78, 0.7, 0.6])],
)
def test_thresholds_are_tried_from_the_nearest_on_in_the_direction_that_is_allowed(
    direction: int, tried: list[float]
) -> None:
    record = ModelRecord(object_threshold=0.84)
    assert [one["object_threshold"] for one in _candidates(record, direction)] == tried


def test_no_more_is_looked_at_than_is_quickly_done(monkeypatch: pytest.MonkeyPatch) -> None:
    planes = [plane() for _ in range(3)]
    size = planes[0].region.size
    for most, n in ((2 * size, 2), (2 * size - 1, 1), (1, 1), (9 * size, 3)):
        monkeypatch.setattr(calibration, "_MOST_PIXELS", most)
        assert len(_some(planes)) == n
