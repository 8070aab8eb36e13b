"""What the review queue is made of: planes are measured first, then the model looks again, and both can be stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from discs import draw_discs

from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.workflows.screening import PlaneScreened, screening_steps


@pytest.fixture
def stack() -> tuple[Image, np.ndarray]:
    """Three slices of discs; the last has none."""
    image, labels = draw_discs((64, 96))
    return Image(np.stack([image, image, image]), "ZYX"), np.stack([labels, labels, np.zeros_like(labels)])


def screen(stack: tuple[Image, np.ndarray], measured: Any, looked: Any, load: Any = None, **more: Any) -> list[Any]:
    image, labels = stack
    stop = more.pop("stop", StopFlag())
    steps = screening_steps(labels, "ZYX", image, load, more.pop("view", View()), (measured, looked), stop)
    return list(steps)


def test_each_plane_is_measured_with_its_number_and_its_objects(stack: tuple[Image, np.ndarray]) -> None:
    *events, last = screen(stack, [(1,), (2,)], [(0,)])
    assert isinstance(last, Finished)
    assert not last.stopped
    assert [(event.plane, event.done, event.total, event.missed) for event in events] == [
        ((1,), 1, 2, None), ((2,), 2, 2, None),
    ]  # fmt: skip
    ids, counts = np.unique(stack[1][1], return_counts=True)
    assert events[0].sections.area.tolist() == counts[ids > 0].tolist()
    assert events[1].sections.area.size == 0


def test_the_model_is_not_even_loaded_if_there_is_nothing_to_look_at_or_it_was_stopped(
    stack: tuple[Image, np.ndarray],
) -> None:
    def load() -> Model:
        raise AssertionError("loaded")

    assert len(screen(stack, [(0,)], [], load)) == 2
    stop = StopFlag()
    stop.request()
    [last] = screen(stack, [(0,), (1,)], [(0,)], load, stop=stop)
    assert last.stopped


@pytest.mark.parametrize("view", [View(), View(18.0, "given")])
def test_the_model_looks_again_at_the_planes_that_are_asked_for(
    stack: tuple[Image, np.ndarray], tiny_model: Model, view: View
) -> None:
    *events, last = screen(stack, [(0,), (1,)], [(1,)], lambda: tiny_model, view=view)
    assert isinstance(last, Finished)
    looked = [event for event in events if isinstance(event, PlaneScreened) and event.missed is not None]
    assert [(event.plane, event.done, event.total) for event in looked] == [((1,), 1, 1)]
    assert looked[0].sections.area.size == np.unique(stack[1][1]).size - 1
    assert events.index(looked[0]) >= 2, "what can be measured at once comes first"
