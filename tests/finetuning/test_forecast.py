"""Forecasts: silent where nothing can be known, and right within their margin in four of five sessions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.finetuning.forecast import CurvePoint, Forecast, curve_of, forecast
from napari_unet.models.record import ModelRecord, TrainingRecord


def law(n: float, start: float = 0.2, top: float = 0.8, half: float = 20.0, power: float = np.inf) -> float:
    """The score of a curve that goes half of its way in `half` objects."""
    left = 0.5 ** (n / half) if np.isinf(power) else (1 + n * (2 ** (1 / power) - 1) / half) ** -power
    return top - (top - start) * left


def points(numbers: list[int], n_scored: int = 400, **curve: float) -> list[CurvePoint]:
    return [CurvePoint(n, law(n, **curve), n_scored) for n in numbers]


@pytest.mark.parametrize(
    "known",
    [
        [],
        points([0, 10]),
        [*points([0, 10]), CurvePoint(10, 0.5, 40)],  # three scores, but of two amounts
        points([0, 10, 20, 30], start=0.5, top=0.5),  # no trend
        points([0, 10, 20, 30], start=0.6, top=0.4),  # it gets worse
        points([0, 10, 20], n_scored=3),  # measured on next to nothing
        points([0, 40, 80, 160, 320], top=0.9, half=10),  # all of it is learned
    ],
)
def test_it_says_nothing_where_nothing_can_be_known(known: list[CurvePoint]) -> None:
    assert forecast(known) is None


def test_it_says_how_high_the_next_objects_lead() -> None:
    found = forecast(points([0, 10, 20, 30], half=30))
    assert found is not None
    assert found.more >= 10
    wanted = law(30 + found.more, half=30)
    if found.score is not None:
        assert abs(found.target - wanted) <= found.score
        assert found.sentence.startswith(f"{found.more} more objects bring AP@0.5 to about .")
    else:
        assert found.objects is not None
    assert "plus or minus" in found.sentence


def test_a_steeper_curve_leads_higher() -> None:
    found = [forecast(points([0, 10, 20, 30], top=top, half=30)) for top in (0.7, 0.8, 0.9)]
    targets = [one.target for one in found if one is not None]
    assert len(targets) == 3
    assert targets == sorted(targets)


def test_what_was_reviewed_since_is_counted() -> None:
    said = Forecast(12, 0.8, objects=5)
    assert said.sentence == "About 12 more objects for AP@0.5 .80, plus or minus 5."
    left = said.after(4)
    assert left is not None
    assert left.more == 8
    assert said.after(12) is None
    assert said.after(-3) is None  # of another set of images


def test_it_is_right_within_its_margin_in_four_of_five_sessions() -> None:
    random = np.random.default_rng(7)
    right = []
    for _ in range(150):
        start, half = random.uniform(0, 0.6), random.uniform(4, 60)
        curve = {
            "start": start, "top": start + random.uniform(0.15, 1) * (0.97 - start), "half": half,
            "power": random.choice([np.inf, random.uniform(0.5, 2.5)]),
        }  # fmt: skip
        n, known = 0, []
        for _ in range(random.integers(3, 8)):
            n_scored = max(20, n)
            score = random.binomial(n_scored, law(n, **curve)) / n_scored + random.normal(0, 0.02)
            known.append(CurvePoint(n, float(np.clip(score, 0, 1)), n_scored))
            n += int(random.integers(8, 30))
        said, last = forecast(known), known[-1].n_objects
        if said is None:
            continue
        if said.score is not None:
            right.append(abs(law(last + said.more, **curve) - said.target) <= said.score)
        else:
            enough = [more for more in range(1000) if law(last + more, **curve) >= said.target]
            right.append(bool(enough) and abs(enough[0] - said.more) <= said.objects)
    assert len(right) > 15
    assert np.mean(right) >= 0.8


def test_the_curve_of_a_model_is_that_of_its_ancestors() -> None:
    def record(n: int, before: float, now: float, parent: str | None) -> ModelRecord:
        scores = {"ap50_before": before, "ap50": now, "n_held_out": 9.0}
        return ModelRecord(parent=parent, scores=scores, training=TrainingRecord(n_objects=n))

    known = {"base": ModelRecord(name="base"), "a": record(10, 0.1, 0.3, "base"), "b": record(25, 0.28, 0.5, "a")}
    found = curve_of(record(40, 0.5, 0.6, "b"), known)
    assert [(one.n_objects, one.score) for one in found] == [(0, 0.1), (10, 0.3), (25, 0.5), (40, 0.6)]
    assert curve_of(known["base"], known) == []
