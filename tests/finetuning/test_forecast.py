"""Forecasts: silent where nothing can be known, and right within their margin in four of five sessions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.finetuning.forecast import (
    CurvePoint,
    Forecast,
    _all_curves,
    _forecast_objects,
    _forecast_score,
    _posterior,
    _quantiles,
    curve_of,
    forecast,
)
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


def test_a_curve_is_half_way_after_half_its_objects_and_reaches_what_it_says() -> None:
    curves = _all_curves()
    np.testing.assert_allclose(curves.at(np.array([0.0]))[:, 0], curves.start)
    for half in np.unique(curves.half):
        some = curves.half == half
        at_half = curves.at(np.array([half]))[some, 0]
        np.testing.assert_allclose(at_half, (curves.start + curves.top)[some] / 2)
    target = 0.5
    needed = curves.reach(target)
    np.testing.assert_array_equal(needed == 0, curves.start >= target)
    np.testing.assert_array_equal(np.isinf(needed), (curves.top <= target) & (curves.start < target))
    for i in np.flatnonzero((needed > 0) & np.isfinite(needed))[::101]:
        assert curves.at(needed[i : i + 1])[i, 0] == pytest.approx(target)


def test_before_anything_is_measured_no_curve_leaves_what_a_score_can_be() -> None:
    curves = _all_curves()
    assert curves.usual.sum() == pytest.approx(1.0)
    assert curves.usual.min() > 0
    assert (curves.start.min(), curves.start.max()) == (0.0, 0.9)
    assert (curves.top >= curves.start).all()
    assert curves.top.max() == pytest.approx(1.0)
    assert (curves.half.min(), curves.half.max()) == (pytest.approx(3), pytest.approx(80))
    # most models come far, few all of the way, and next to none nowhere
    rise = (curves.top - curves.start) / (1 - curves.start)
    shares = [curves.usual[np.isclose(rise, value)].sum() for value in (0.0, 0.6, 1.0)]
    assert shares[0] < shares[2] < shares[1]
    exponential = curves.usual[np.isinf(curves.power)].sum()
    assert exponential == pytest.approx(1.5 / 3.5)  # of three forms it is the most usual


def test_the_interval_holds_what_is_probable() -> None:
    values, share = np.arange(1000.0)[::-1].copy(), np.full(1000, 0.001)
    assert _quantiles(values, share) == pytest.approx((75, 500, 925), abs=1.5)
    assert _quantiles(np.array([3.0, 1.0, 2.0]), np.array([0.01, 0.01, 0.98])) == (2.0, 2.0, 2.0)


def test_what_fits_the_scores_is_probable() -> None:
    curves, known = _all_curves(), points([0, 20, 40, 80, 160], n_scored=5000)
    share = _posterior(known)
    assert share.sum() == pytest.approx(1.0)
    numbers = np.array([10.0, 30.0, 100.0])
    np.testing.assert_allclose(share @ curves.at(numbers), [law(n) for n in numbers], atol=0.03)


@pytest.mark.parametrize(("last", "more"), [(10, 10), (31, 20), (60, 30), (900, 100)])
def test_half_as_many_objects_again_are_asked_about(last: int, more: int) -> None:
    curves = _all_curves()
    sure = np.zeros(len(curves.start))
    sure[np.argmax(np.isclose(curves.start, 0.0) & np.isclose(curves.top, 1.0) & np.isclose(curves.half, 80))] = 1.0
    now = float(sure @ curves.at(np.array([float(last)]))[:, 0])
    found = _forecast_score(curves, sure, last, now - 0.1)  # a gain, however flat the curve
    assert found is not None
    assert found.more == more
    assert found.target == pytest.approx(float(sure @ curves.at(np.array([float(last + more)]))[:, 0]), abs=0.006)
    assert found.score == pytest.approx(0.015, abs=0.006)  # nobody knows it to the last digit
    assert _forecast_score(curves, sure, last, found.target - 0.02) is None  # not worth saying


def test_a_line_that_is_crossed_for_sure_is_forecast_and_no_other() -> None:
    curves = _all_curves()
    sure = np.zeros(len(curves.start))
    sure[np.argmax(np.isclose(curves.start, 0.0) & np.isclose(curves.top, 1.0) & np.isinf(curves.power))] = 1.0
    half = float(sure @ curves.half)
    found = _forecast_objects(curves, sure, 0, 0.75)
    assert found is not None
    assert (found.more, found.target, found.objects) == (round(2 * half), 0.75, 1)
    assert _forecast_objects(curves, sure, 1000, 0.75) is None  # it was crossed long ago: the margin is all of it
    assert _forecast_objects(curves, sure, 0, 1.0) is None  # it is never reached


def test_a_chain_that_was_cut_begins_where_the_first_model_that_is_left_began() -> None:
    scores = {"ap50_before": 0.3, "ap50": 0.4, "n_held_out": 7.0}
    record = ModelRecord(parent="gone", scores=scores, training=TrainingRecord(n_objects=12))
    assert curve_of(record, {}) == [CurvePoint(0, 0.3, 7), CurvePoint(12, 0.4, 7)]
    no_held_out = ModelRecord(parent="gone", scores={"ap50": 0.4, "ap50_before": 0.3})
    assert curve_of(no_held_out, {}) == []


def test_where_nothing_was_reviewed_since_a_forecast_stays() -> None:
    said = Forecast(12, 0.8, score=0.07)
    assert said.after(0) == said
    assert said.after(11) == Forecast(1, 0.8, score=0.07)
    assert said.sentence == "12 more objects bring AP@0.5 to about .80, plus or minus .07."


@pytest.mark.parametrize(("target", "more"), [(0.75, 160), (0.9, None)])
def test_what_takes_more_than_two_hundred_objects_is_not_forecast(target: float, more: int | None) -> None:
    """Half of what is missing is learned in 80 objects: .75 takes 160, .9 takes 266."""
    curves = _all_curves()
    sure = np.zeros(len(curves.start))
    slow = np.isclose(curves.start, 0.0) & np.isclose(curves.top, 1.0) & np.isclose(curves.half, 80)
    sure[np.argmax(slow & np.isinf(curves.power))] = 1.0
    found = _forecast_objects(curves, sure, 0, target)
    assert (None if found is None else found.more) == more
