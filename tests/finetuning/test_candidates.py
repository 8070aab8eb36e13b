"""Which of the weights that were scored the child gets, and what there has to be time for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from judged import score

from napari_unet.finetuning import candidates as module
from napari_unet.finetuning.candidates import Candidates
from napari_unet.labels.evidence import Score


class Judge:
    """Gives each network the score that it carries; `calibrate` makes another record."""

    blend_seconds, calibration_seconds, last_seconds = 2.0, 3.0, 4.0

    def __init__(self, calibrated: Any = None, learned_before: Score | None = None) -> None:
        self.calibrated, self.learned_before = calibrated, learned_before
        self.asked: list[Any] = []

    def score(self, model: Any) -> Score:
        self.asked.append(model)
        return score(model.value)

    def calibrate(self, child: Any, enough: Any) -> Any:
        return self.calibrated or child


class Budget:
    def __init__(self, spare: float = 100.0) -> None:
        self.spare = spare

    def can_spare(self, seconds: float, what: str) -> bool:
        return seconds <= self.spare

    def took_longer_than(self, share: float, what: str) -> Any:
        return lambda: False


def weights(value: float) -> Any:
    return SimpleNamespace(value=value)


def candidates(judge: Judge, spare: float = 100.0) -> Candidates:
    return Candidates(judge, Budget(spare), lambda network: network)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def blend(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The blend that is tried scores .95, and is taken."""
    tried: list[tuple[Any, ...]] = []

    def choose(
        parent: Any, child: Any, child_score: Score, score_of: Any, before: Score | None
    ) -> tuple[Any, Score, float]:
        tried.append((parent, child.value, child_score.ap50, before))
        mixed = weights(0.95)
        return mixed, score_of(mixed), 0.75

    monkeypatch.setattr(module, "choose_blend", choose)
    return tried


def test_scores_are_told_with_whether_they_are_the_best_so_far() -> None:
    found, network = candidates(Judge()), weights(0.5)
    told = [found.add(weights(value)) for value in (0.5, 0.4, 0.5, 0.9)]
    assert [(round(one.ap50, 1), best) for one, best in told] == [(0.5, True), (0.4, False), (0.5, False), (0.9, True)]
    found.add(network)
    network.value = 0.0  # training goes on in the same weights: what was kept is a copy
    assert found.choose(network, network)[0].value == 0.95


def test_the_best_is_blended_with_the_parent_if_there_is_time(blend: list[tuple[Any, ...]]) -> None:
    parent: Any = object()
    for spare, share in ((6.0, 0.75), (5.9, 1.0)):
        found = candidates(Judge(), spare)
        for value in (0.2, 0.9, 0.3):
            found.add(weights(value))
        network, kept, said = found.choose(parent, weights(0.1))
        assert (said, network.value) == (share, 0.95 if share < 1 else 0.9)
        assert kept.ap50 == pytest.approx(network.value, abs=0.02)
    assert blend == [(parent, 0.9, 0.9, None)]


def test_where_nothing_was_scored_on_the_way_the_last_weights_are_blended(blend: list[tuple[Any, ...]]) -> None:
    before, parent = score(0.1), object()
    found = candidates(Judge(learned_before=before))
    network, _, share = found.choose(parent, weights(0.4))  # type: ignore[arg-type]
    assert (network.value, share) == (0.95, 0.75)
    assert [(one[0], one[1], one[3]) for one in blend] == [(parent, 0.4, before)]


def test_a_parent_that_knows_nothing_is_not_blended_in(blend: list[tuple[Any, ...]]) -> None:
    network, _, share = candidates(Judge()).choose(None, weights(0.4))
    assert (network.value, share, blend) == (0.4, 1.0, [])


def model(value: float, threshold: float = 0.5) -> Any:
    return SimpleNamespace(value=value, record=threshold)


@pytest.mark.parametrize(
    ("after", "spare", "kept"), [(0.6, 7.0, True), (0.5, 7.0, True), (0.4, 7.0, False), (0.6, 6.9, False)]
)
def test_other_thresholds_are_kept_if_the_score_is_no_worse_with_them(after: float, spare: float, kept: bool) -> None:
    child, calibrated = model(0.5), model(after, threshold=0.7)
    found, told = candidates(Judge(calibrated), spare).calibrate(child, score(0.5))
    assert found is (calibrated if kept else child)
    assert told.ap50 == pytest.approx(after if kept else 0.5)


def test_thresholds_that_stay_are_not_scored_again() -> None:
    judge = Judge()
    child, before = model(0.5), score(0.5)
    assert candidates(judge).calibrate(child, before) == (child, before)
    assert judge.asked == []
