"""What the judge looks at, and what it has measured in the end."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from judged import NOTHING, score

from napari_unet.finetuning.judging import judge as judging
from napari_unet.finetuning.judging.judge import Judge
from napari_unet.heads.outcome import TOO_FEW
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.labels.evidence import Score
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine

BEFORE, AFTER = score(0.5), score(0.8)


class Plane(SimpleNamespace):
    """A plane of which only the size is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, region=SimpleNamespace(size=100), diameter=18.0)


def material(held_out: int, learned: int = 2, survey: Survey = NOTHING) -> Any:
    planes = {"held_out": [Plane("held")] * held_out, "learned": [Plane("learned")] * learned}
    return SimpleNamespace(**planes, survey=survey, n_known=3, n_shared=2)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which model was scored on which planes; the one called "tiny" has `BEFORE`, any other `AFTER`."""
    found: list[tuple[str, str]] = []

    def look(model: Model, planes: Any, engine: Engine, enough: Any = lambda: False) -> tuple[Score, int]:
        found.append((model.record.name, planes[0].name))
        return (BEFORE if model.record.name == "tiny" else AFTER), len(planes)

    monkeypatch.setattr(judging, "score_model", look)
    return found


def named(model: Model, name: str) -> Model:
    return replace(model, record=model.record.model_copy(update={"name": name}))


def test_held_out_objects_score_where_there_are_some(tiny_model: Model, looked_at: list[tuple[str, str]]) -> None:
    judge = Judge(material(held_out=1), [Plane("base")], Engine())
    judge.score_parent(tiny_model, lambda: False)
    judge.score_base(tiny_model)
    judge.score_base(tiny_model)  # once is enough
    child = named(tiny_model, "child")
    outcome = judge.conclude(child, judge.score(child), 7)
    assert (outcome.before, outcome.after, outcome.learned_before, outcome.learned_after) == (BEFORE, AFTER, None, None)
    assert (outcome.base_before, outcome.base_after, outcome.steps, outcome.n_known) == (BEFORE, AFTER, 7, 3)
    assert outcome.n_shared == 2
    assert looked_at == [("tiny", "held"), ("tiny", "base"), ("child", "held"), ("child", "base")]


def test_where_nothing_is_held_out_what_was_learned_scores(tiny_model: Model, looked_at: list[tuple[str, str]]) -> None:
    judge = Judge(material(held_out=0), [], Engine())
    judge.score_parent(tiny_model, lambda: False)
    child = named(tiny_model, "child")
    outcome = judge.conclude(child, judge.score(child), 7)
    assert (outcome.before, outcome.after, outcome.learned_before, outcome.learned_after) == (None, None, BEFORE, AFTER)
    assert (judge.learned_before, judge.score_seconds) == (BEFORE, 0)
    assert judge.last_seconds > 0
    assert {where for _, where in looked_at} == {"learned"}


@pytest.mark.parametrize(("n", "looks"), [(TOO_FEW - 1, True), (TOO_FEW, False)])
def test_of_few_held_out_objects_what_was_learned_is_asked_too(
    tiny_model: Model, looked_at: list[tuple[str, str]], n: int, looks: bool
) -> None:
    judge = Judge(material(held_out=1), [], Engine())
    judge.score_parent(tiny_model, lambda: False)
    judge.before = score(0.5, n)
    assert (judge.check_seconds > 0) is looks
    child = named(tiny_model, "child")
    assert (judge.conclude(child, AFTER, 7).learned_after is not None) is looks
    assert judge.conclude(child, AFTER, 7, check=False).learned_after is None


def test_planes_for_which_there_is_no_time_score_nobody(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "score_model", lambda *given: (BEFORE, 2))
    given = material(held_out=5)
    Judge(given, [], Engine()).score_parent(tiny_model, lambda: True)
    assert len(given.held_out) == 2


@pytest.mark.parametrize(("removed", "drawn", "direction"), [(3, 1, 1), (1, 3, -1), (2, 2, 0)])
@pytest.mark.parametrize("remembers", [True, False])
def test_who_deletes_more_than_he_draws_has_not_seen_too_few(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, removed: int, drawn: int, direction: int, remembers: bool
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(judging, "calibrate", lambda model, *given: asked.append(given) or (model.record, None))
    objects = tuple(ReviewedObject(0, (), i + 1, (5.0, 5.0), 50, corrected=True) for i in range(drawn))
    survey = Survey(objects, tuple((0, (), (1.0, float(i))) for i in range(removed)), 100)
    given, base = material(1, survey=survey), [Plane("base")]
    Judge(given, base, Engine(), remembers).calibrate(tiny_model, lambda: False)
    [(learned, asked_base, _, asked_direction, *_)] = asked
    assert (learned, asked_direction) == (given.learned, direction)
    assert list(asked_base) == (base if remembers else [])


def test_without_what_was_learned_nothing_is_calibrated(tiny_model: Model) -> None:
    judge = Judge(material(held_out=1, learned=0), [], Engine())
    assert judge.calibrate(tiny_model, lambda: False) is tiny_model


def test_how_long_everything_takes_is_told_from_one_score(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of planes of one size: a score took 4 s, so the base images, which are twice as many, will take 8 s."""
    now = [100.0]

    def look(model: Model, planes: Any, engine: Engine, enough: Any = lambda: False) -> tuple[Score, int]:
        now[0] += 4.0
        return score(0.5, 3), len(planes)

    monkeypatch.setattr(judging, "score_model", look)
    monkeypatch.setattr(judging.time, "perf_counter", lambda: now[0])
    judge = Judge(material(held_out=1), [Plane("base")] * 2, Engine())
    judge.score_parent(tiny_model, lambda: False)
    assert (judge.score_seconds, judge.last_seconds, judge.blend_seconds) == (4.0, 8.0, 4.0)
    assert (judge.calibration_seconds, judge.check_seconds) == (16.0, 12.0)  # three objects are few: they are checked
    judge.score_base(tiny_model)
    assert judge.last_seconds == 4.0  # as measured
    alone = Judge(material(held_out=0), (), Engine())
    alone.score_parent(tiny_model, lambda: False)
    assert (alone.score_seconds, alone.last_seconds, alone.blend_seconds, alone.check_seconds) == (0.0, 4.0, 4.0, 0.0)


@pytest.mark.parametrize(("learned", "check", "asked"), [(2, True, True), (0, True, False), (2, False, False)])
def test_what_was_learned_from_is_looked_at_only_if_there_is_some_and_time(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, learned: int, check: bool, asked: bool
) -> None:
    monkeypatch.setattr(judging, "score_model", lambda model, planes, *more: (score(0.5, 3), len(planes)))
    judge = Judge(material(held_out=1, learned=learned), (), Engine())
    judge.score_parent(tiny_model, lambda: False)
    judge._once = 1.0
    outcome = judge.conclude(tiny_model, score(0.5, 3), 5, check)
    assert (outcome.learned_after is not None) is asked


def test_who_has_base_images_remembers_unless_told_not_to() -> None:
    assert Judge(material(1), [Plane("base")], Engine()).remembers
    assert not Judge(material(1), [Plane("base")], Engine(), remembers=False).remembers
    assert not Judge(material(1), (), Engine()).remembers
