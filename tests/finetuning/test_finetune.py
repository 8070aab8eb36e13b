from __future__ import annotations

import copy
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.budget import Budget
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult, Prepared, PreviewDone, PreviewRequest, ScoreDone
from napari_unet.finetuning.finetune import _Training, finetune_steps
from napari_unet.heads.outcome import Verdict
from napari_unet.images.image import Image
from napari_unet.learning.augmentation import augmentation_for
from napari_unet.learning.events import StepDone
from napari_unet.learning.sampler import BatchSampler
from napari_unet.learning.trainer import Trainer, find_norms
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet

FEW = FinetuneConfig(seconds=120, max_steps=6, patch=64, batch_size=2, device="cpu")


def run(model: Model, images: list[CorrectedImage], config: FinetuneConfig = FEW, **options) -> list:
    return list(finetune_steps(model, images, config, **options))


def result_of(events: list) -> FinetuneResult:
    assert isinstance(events[-1], Finished)
    return events[-1].result


def weights_of(model: Model) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.network.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[key], b[key]) for key in a)


def test_what_the_verdict_says_is_in_the_result(
    tiny_model: Model, discs: CorrectedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Verdict(None, "Nobody knows.", cautious=True)
    monkeypatch.setattr("napari_unet.finetuning.finetune.reach_verdict", lambda outcome, head: verdict)
    result = result_of(run(tiny_model, [discs], FEW.model_copy(update={"max_steps": 1})))
    assert (result.better, result.cautious, result.sentence) == (None, True, verdict.sentence)
    assert not result.favours_child


def test_events_come_in_order(tiny_model: Model, discs: CorrectedImage) -> None:
    events = run(tiny_model, [discs])
    assert isinstance(events[0], Prepared)
    assert events[0].n_held_out > 0
    assert isinstance(events[1], StepDone)
    assert any(isinstance(event, ScoreDone) for event in events)
    result = result_of(events)
    assert result.steps == 6
    assert result.before is not None
    assert result.after is not None
    assert 0 < result.before.n_objects == result.after.n_objects == events[0].n_held_out
    assert result.sentence


def test_the_parent_is_never_touched_and_the_child_knows_it(tiny_model: Model, discs: CorrectedImage) -> None:
    before, record = weights_of(tiny_model), copy.deepcopy(tiny_model.record)
    child = result_of(run(tiny_model, [discs])).model
    assert same(before, weights_of(tiny_model))
    assert tiny_model.record == record
    assert not same(before, weights_of(child))
    assert child.record.parent == tiny_model.sha256
    assert child.record.parent_name == "tiny"
    assert child.record.name != "tiny"
    assert child.record.training.n_objects == discs.labels.max()
    assert child.record.training.steps == 6
    assert child.record.scores["n_held_out"] > 0
    assert child.path is None


def test_statistics_that_the_parent_has_stay(
    tiny_model: Model, discs: CorrectedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that a short training leaves behind fit neither its weights nor whole images."""
    monkeypatch.setattr(Trainer, "begin", lambda self, batches: False)  # would give them up, were they of no use
    tiny_model.network.train()(torch.randn(4, 1, 32, 32) * 3 + 1)
    tiny_model.network.eval()
    child = result_of(run(tiny_model, [discs], FEW.model_copy(update={"max_steps": 2, "held_out": 0.0}))).model
    statistics = [norm.running_mean for norm in find_norms(tiny_model.network)]
    assert statistics
    assert all(torch.equal(a, norm.running_mean) for a, norm in zip(statistics, find_norms(child.network), strict=True))


@pytest.mark.parametrize("untrained", [False, True])
def test_grey_values_are_varied_less_of_what_a_network_that_knows_much_learns(
    tiny_model: Model, discs: CorrectedImage, monkeypatch: pytest.MonkeyPatch, untrained: bool
) -> None:
    varied, make = [], BatchSampler.__init__
    monkeypatch.setattr(BatchSampler, "__init__", lambda *args: varied.append(args[-1]) or make(*args))
    model = replace(tiny_model, record=tiny_model.record.model_copy(update={"untrained": untrained}))
    run(model, [discs], FEW.model_copy(update={"max_steps": 1}))
    assert varied
    assert all(one == augmentation_for(untrained) for one in varied)


def test_the_child_can_be_saved_and_read_again(tiny_model: Model, discs: CorrectedImage, tmp_path) -> None:
    child = result_of(run(tiny_model, [discs])).model
    again = load_model_file(save_model(child, tmp_path / "child.safetensors").path)
    assert same(weights_of(child), weights_of(again))
    assert again.record == child.record


def test_same_seed_same_model(tiny_model: Model, discs: CorrectedImage) -> None:
    first, second = (result_of(run(tiny_model, [discs])).model for _ in range(2))
    other = result_of(run(tiny_model, [discs], FEW.model_copy(update={"seed": 1}))).model
    assert same(weights_of(first), weights_of(second))
    assert not same(weights_of(first), weights_of(other))


def test_labels_that_nobody_reviewed_change_nothing(tiny_model: Model) -> None:
    image, labels = draw_discs()
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, :110] = True
    nonsense = labels.copy()
    nonsense[:, 130:] = np.random.default_rng(0).integers(100, 200, nonsense[:, 130:].shape)
    children = [result_of(run(tiny_model, [correct_all(image, one, reviewed)])).model for one in (labels, nonsense)]
    assert same(*(weights_of(child) for child in children))


def test_learns_to_find_discs(tiny_model: Model, discs: CorrectedImage) -> None:
    config = FinetuneConfig(seconds=60, max_steps=150, learning_rate=1e-2, patch=96, batch_size=2, device="cpu")
    result = result_of(run(tiny_model, [discs], config))
    assert result.favours_child
    assert result.after.ap50 > max(0.6, result.before.ap50)


def test_few_objects_are_all_learned_from_and_the_score_is_unknown(tiny_model: Model) -> None:
    image, labels = draw_discs((70, 100))
    result = result_of(run(tiny_model, [correct_all(image, labels)]))
    assert result.before is None
    assert result.after is None
    assert result.better is not True
    assert result.model.record.scores == {}


def test_stopping_keeps_the_model_so_far(tiny_model: Model, discs: CorrectedImage) -> None:
    stop = StopFlag()
    events = []
    for event in finetune_steps(tiny_model, [discs], FEW.model_copy(update={"max_steps": 1000}), stop):
        events.append(event)
        if isinstance(event, StepDone):
            stop.request()
    assert events[-1].stopped
    assert 1 <= result_of(events).steps < 1000
    assert result_of(events).after is not None


def test_time_bounds_the_whole_run(tiny_model: Model, discs: CorrectedImage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time of this process, so that others who use the machine do not count."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)
    monkeypatch.setattr("napari_unet.finetuning.finetune.Budget", partial(Budget, clock=time.process_time))
    start = time.process_time()
    result = result_of(run(tiny_model, [discs], FinetuneConfig(seconds=4, patch=64, batch_size=2, device="cpu")))
    assert time.process_time() - start < 4.5
    assert result.steps > 3


@pytest.mark.parametrize(
    ("left", "settings", "patches"),
    [
        (5.0, {}, [4, 4, 1]),
        (500.0, {}, [4, 4, 4]),
        (5.0, {"batch_size": 3}, [3, 3, 3]),
        (5.0, {"max_steps": 3}, [4, 4, 4]),
    ],
)
def test_where_steps_are_slow_later_ones_are_of_fewer_patches(
    tiny_model: Model,
    discs: CorrectedImage,
    monkeypatch: pytest.MonkeyPatch,
    left: float,
    settings: dict,
    patches: list,
) -> None:
    """Unless somebody said how many, or a run is to be the same again."""
    drawn: list[int] = []
    step, stop = Trainer.step, StopFlag()

    def count(self: Trainer, batch, progress: float) -> float:
        drawn.append(len(batch.images))
        if len(drawn) == 3:
            stop.request()
        return step(self, batch, progress)

    monkeypatch.setattr(Budget, "steps_left", lambda self: left)
    monkeypatch.setattr(Trainer, "step", count)
    config = FinetuneConfig(seconds=60, patch=64, device="cpu").model_copy(update=settings)
    result = result_of(run(tiny_model, [discs], config, stop=stop))
    assert drawn == patches
    assert result.model.record.training.settings["batch_size"] == patches[-1]


@pytest.mark.parametrize("case", ["nothing reviewed", "only background"])
def test_too_little_is_said_before_training(case: str, tiny_model: Model) -> None:
    image, labels = draw_discs()
    reviewed = (labels == 0) if case == "only background" else np.zeros(labels.shape, bool)
    with pytest.raises(UserError, match="reviewed"):
        run(tiny_model, [correct_all(image, labels, reviewed)])


def test_deleting_objects_is_enough_to_learn_from(tiny_model: Model) -> None:
    image, labels = draw_discs()
    events = run(tiny_model, [correct_all(image, np.zeros_like(labels), prediction=labels)])
    assert events[0].n_corrected == labels.max()


def test_several_images_and_stacks_and_sizes(tiny_model: Model, discs: CorrectedImage) -> None:
    image, labels = draw_discs(seed=1)
    stack = correct_all(np.stack([image] * 2), np.stack([labels] * 2), name="stack")
    large, large_labels = (np.kron(array, np.ones((4, 4), array.dtype)) for array in draw_discs((80, 100)))
    result = result_of(run(tiny_model, [discs, stack, correct_all(large, large_labels, name="large")]))
    assert result.model.record.training.images == ("discs", "stack", "large")


def test_preview_shows_what_was_asked_for(tiny_model: Model, discs: CorrectedImage) -> None:
    request = PreviewRequest(discs.image, (), (slice(20, 90), slice(0, 5000)), key="here")
    config = FEW.model_copy(update={"preview_seconds": 1.0, "max_steps": None, "seconds": 4.0})
    shown = [
        event for event in run(tiny_model, [discs], config, preview=lambda: request) if isinstance(event, PreviewDone)
    ]
    assert shown
    assert shown[0].labels.shape == (70, 200)
    assert shown[0].request.key == "here"
    assert shown[0].step == 0  # a first answer comes before the first step


@pytest.mark.parametrize(
    "architecture",
    [
        UNetConfig(base_channels=4, depth=2, padding="valid"),
        UNetConfig(base_channels=8, depth=1, normalization="group", upsampling="interpolated"),
        UNetConfig(base_channels=4, depth=2, normalization="none", residual=True),
    ],
)
def test_every_kind_of_network_can_be_tuned(architecture: UNetConfig, discs: CorrectedImage) -> None:
    model = Model(UNet(architecture).eval(), ModelRecord(architecture=architecture))
    assert result_of(run(model, [discs])).steps == 6


def test_a_model_of_another_kind_is_refused(discs: CorrectedImage) -> None:
    architecture = UNetConfig(base_channels=4, depth=1, ndim=3)
    model = Model(UNet(architecture), ModelRecord(architecture=architecture))
    with pytest.raises(UserError, match="2D"):
        run(model, [discs])


def test_constant_and_damaged_images_do_no_harm(tiny_model: Model) -> None:
    _, labels = draw_discs()
    image = np.full(labels.shape, np.nan, np.float32)
    child = result_of(run(tiny_model, [correct_all(image, labels)])).model
    assert all(torch.isfinite(value).all() for value in weights_of(child).values())


def test_an_image_read_lazily_is_learned_from(tiny_model: Model) -> None:
    import dask.array as da

    image, labels = draw_discs()
    lazy = CorrectedImage(Image(da.from_array(image, chunks=64), "YX"), labels, np.ones(labels.shape, bool))
    eager = correct_all(image, labels)
    assert same(*(weights_of(result_of(run(tiny_model, [one])).model) for one in (lazy, eager)))


@pytest.mark.parametrize(("patches", "share", "size"), [(6, 1.0, 6), (4, 2.25, 9), (1, 1.0, 1), (1, 0.3, 1)])
def test_smaller_patches_are_more_of_them_and_at_least_one(patches: int, share: float, size: int) -> None:
    run = object.__new__(_Training)
    run.patches, run.patch_share = patches, share
    assert run.batch_size == size
