"""Which objects are used is told one by one, and agrees with what the run counts."""

from __future__ import annotations

import numpy as np
from discs import correct_all, draw_discs

from napari_unet.events import StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import Prepared, PreviewDone, PreviewRequest, ScoreDone
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.images.view import View

CONFIG = FinetuneConfig(max_steps=2, patch=64, batch_size=2, device="cpu", replay=0)


def prepare(model, images) -> Prepared:
    events = finetune_steps(model, images, CONFIG)
    prepared = next(events)
    events.close()
    return prepared


def test_every_object_that_is_counted_is_named(tiny_model) -> None:
    image, labels = draw_discs()
    prediction = np.where(labels == 1, 0, labels)
    other = draw_discs(seed=1)
    prepared = prepare(tiny_model, [correct_all(image, labels, prediction=prediction), correct_all(*other, name="b")])
    first, second = prepared.uses
    assert (first.name, second.name) == ("discs", "b")
    assert first.n_learned + second.n_learned == prepared.n_objects
    assert first.n_held_out + second.n_held_out == prepared.n_held_out > 0
    everyone = [*first.learned, *first.held_out]
    assert len({one.label for one in everyone}) == len(everyone)
    assert all(labels[round(one.center[0]), round(one.center[1])] == one.label for one in everyone)
    assert {one.label for one in everyone if one.corrected} <= {1}


def test_an_object_through_slices_is_named_in_each_and_counted_once(tiny_model) -> None:
    image, labels = draw_discs()
    reviewed = np.zeros((3, *labels.shape), bool)
    reviewed[:2] = True
    stack = correct_all(np.stack([image] * 3), np.stack([labels] * 3), reviewed)
    (use,) = prepare(tiny_model, [stack]).uses
    assert {one.plane for one in use.learned} == {(0,), (1,)}
    assert len(use.learned) == 2 * use.n_learned


def test_the_first_preview_and_the_first_score_come_soon(tiny_model, discs) -> None:
    request = PreviewRequest(discs.image, (), (slice(0, 160), slice(0, 200)), View(18.0))
    config = FinetuneConfig(seconds=30, patch=64, batch_size=2, device="cpu", replay=0, preview_seconds=30)
    stop, seconds = StopFlag(), {}
    for event in finetune_steps(tiny_model, [discs], config, stop, lambda: request):
        seconds.setdefault(type(event), getattr(event, "seconds", 0.0))
        if PreviewDone in seconds and ScoreDone in seconds:
            stop.request()
    began = seconds[Prepared]
    assert seconds[PreviewDone] - began < 5, "long before preview_seconds"
    assert seconds[ScoreDone] - began < 10
