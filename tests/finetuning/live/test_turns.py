"""Whose turn it is in live mode: steps, the view, and rest; and which kind answers for an image."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.live import learner as learner_module
from napari_unet.finetuning.live import run as run_module
from napari_unet.finetuning.live.events import Learned, ViewRefreshed, Waiting
from napari_unet.finetuning.live.feed import LiveFeed, LiveView
from napari_unet.finetuning.live.learner import LiveLearner
from napari_unet.finetuning.live.run import FIRST_SECONDS, MOST_STEPS, _Live
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.model import Model

NOTHING = np.zeros((8, 10), np.int32)


def view_of(
    key: str = "a", region: tuple[slice, slice] = (slice(2, 8), slice(3, 10)), prediction: Any = NOTHING
) -> Any:
    return LiveView(key, (), region, Image(NOTHING, "YX"), View(18.0), NOTHING, prediction, NOTHING > 0)


class Learner:
    """Learns nothing, and tells what it was asked."""

    has_material = True

    def __init__(self) -> None:
        self.trainer, self.planes = SimpleNamespace(steps=0), SimpleNamespace(n_objects=5)
        self.progress: list[float] = []
        self.looked: list[Any] = []
        self.news: list[tuple[Any, bool]] = []

    def take(self, news: Any, hurried: bool) -> None:
        self.news.append((news, hurried))

    def step(self, progress: float) -> float:
        self.progress.append(progress)
        self.trainer.steps += 1
        return 0.25

    def look(self, view: Any) -> Any:
        self.looked.append(view)
        one = np.array([1])
        return one, one, one, one


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [50.0]
    monkeypatch.setattr(run_module.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def live(tiny_model: Model, now: list[float], monkeypatch: pytest.MonkeyPatch) -> _Live:
    """Something was handed over at 50 s, and taken."""
    run = _Live(tiny_model, LiveFeed(), FinetuneConfig())
    run.learner = Learner()  # type: ignore[assignment]
    news = SimpleNamespace(reviewed=NOTHING == 0, key="a", plane=())
    run.feed.put(news)  # type: ignore[arg-type]
    run.feed.show(view_of())
    assert list(run.take()) == []
    assert run.learner.news == [(news, False)]
    return run


def test_after_a_correction_it_learns_for_a_while_and_then_rests(live: _Live, now: list[float]) -> None:
    now[0] += 0.25
    (first,) = live.advance()
    assert first == Learned(5, 1, 0.25, 0.25)
    events = [event for _ in range(MOST_STEPS - 2) for event in live.advance()]
    assert events == []  # not a second has gone
    assert live.has_steps
    (last,) = live.advance()
    assert isinstance(last, ViewRefreshed)
    assert (last.steps, last.seconds) == (MOST_STEPS, 0.25)
    assert not live.has_steps
    progress = live.learner.progress
    assert (progress[0], len(progress)) == (0.1, MOST_STEPS)
    assert np.diff(progress) == pytest.approx([0.9 / MOST_STEPS] * (MOST_STEPS - 1))
    assert live.n_refreshed == 1


def test_the_view_is_refreshed_when_it_is_due_and_two_steps_were_taken(live: _Live, now: list[float]) -> None:
    now[0] += FIRST_SECONDS + 0.1
    assert [type(event) for event in live.advance()] == [Learned]
    assert [type(event) for event in live.advance()] == [ViewRefreshed]
    now[0] += 3.9
    assert list(live.advance()) == []
    now[0] += 0.2
    assert [type(event) for event in live.advance()] == [ViewRefreshed]


def test_at_rest_another_view_is_brought_up_to_date_once(live: _Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.feed, "wait", lambda seconds: None)
    assert [type(event) for event in live.rest()] == [Waiting]  # nothing is learned yet
    live.learner.trainer.steps = 7
    assert [type(event) for event in live.rest()] == [ViewRefreshed, Waiting]
    assert list(live.rest()) == [Waiting(5, 7)]
    live.feed.show(view_of(region=(slice(0, 4), slice(0, 4))))
    assert [type(event) for event in live.rest()] == [ViewRefreshed, Waiting]
    live.feed.show(None)
    assert [type(event) for event in live.rest()] == [Waiting]


def test_before_anything_was_reviewed_there_is_nothing(tiny_model: Model) -> None:
    run = _Live(tiny_model, LiveFeed(), FinetuneConfig())
    run.feed.put(SimpleNamespace(reviewed=NOTHING > 0, key="a", plane=()))  # type: ignore[arg-type]
    assert list(run.take()) == []
    assert (run.steps, run.n_objects, run.has_steps, run.learner) == (0, 0, False, None)
    assert list(run.refresh()) == []


def learner_of(carries: bool = True) -> LiveLearner:
    found = object.__new__(LiveLearner)
    own, other, base = np.ones((2, 3)), np.full((2, 3), 2.0), np.full((2, 3), 3.0)
    others = (SimpleNamespace(looks=other), SimpleNamespace(looks=base))
    found.beginning = SimpleNamespace(carries=carries, others=others, looks=own)  # type: ignore[assignment]
    found.planes = SimpleNamespace(knows=lambda key: key == "taught")  # type: ignore[assignment]
    found._answers = {}
    return found


@pytest.mark.parametrize(
    ("far", "answers"), [((1.0, 2.0, 3.0), True), ((2.0, 3.0, 1.0), False), ((1.0, 1.0, 2.0), True)]
)
def test_the_kind_that_learns_answers_for_images_that_look_most_like_its_own(
    monkeypatch: pytest.MonkeyPatch, far: tuple[float, ...], answers: bool
) -> None:
    learner, asked = learner_of(), []

    def distances(looks: Any, known: Any) -> Any:
        asked.append([float(np.mean(one)) for one in known])
        return np.array([[*far, 9.0][: len(known)]])

    def measure(image: Any, base: Any, plane: Any) -> Any:
        assert base is learner.beginning.others[-1]
        return np.zeros(3)

    monkeypatch.setattr(learner_module, "measure_look", measure)
    monkeypatch.setattr(learner_module, "look_distances", distances)
    assert learner.answers(view_of("new")) is answers
    assert learner.answers(view_of("new")) is answers
    assert len(asked) == 1  # looked at once
    assert asked[0][:2] == [1.0, 2.0]
    assert asked[0][-1] == 3.0
    assert learner.answers(view_of("taught"))
    assert learner_of(carries=False).answers(view_of("new"))
    assert len(asked) == 1


def test_what_changes_is_told_in_pixels_of_the_plane(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    learner = learner_of(carries=False)
    learner.kind, learner.config = tiny_model, FinetuneConfig(device="cpu")
    learner._head = SimpleNamespace(keeps_values=False)  # type: ignore[assignment]
    learner.planes = SimpleNamespace(diameter=lambda key: None)  # type: ignore[assignment]
    threads = SimpleNamespace(as_chosen=contextlib.nullcontext)
    learner.trainer = SimpleNamespace(threads=threads, averaged=tiny_model.network)  # type: ignore[assignment]
    found = np.zeros((6, 7), np.int32)
    found[1, 2] = found[4, 0] = 9
    monkeypatch.setattr(learner_module, "predict_preview", lambda *given: found)
    monkeypatch.setattr(learner_module, "change_objects", lambda shown, found, shape: found)
    rows, columns, before, after = learner.look(view_of())
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(3, 5), (6, 3)]
    assert (before.tolist(), after.tolist()) == ([0, 0], [9, 9])
    found[:] = 0
    assert learner.look(view_of()) is None  # nothing changes
    assert learner.look(view_of(prediction=None)) is None  # nothing may be written
