from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from discs import correct_all, draw_discs
from pydantic import ValidationError

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.judging.judge import Judge
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.learning.replay import (
    SUFFIX,
    ReplayCrop,
    find_replay,
    find_teacher,
    quantize,
    read_replay,
    write_replay,
)
from napari_unet.learning.sampler import BatchSampler
from napari_unet.learning.teacher import Teacher
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord


def make_crops(n: int = 4) -> list[ReplayCrop]:
    crops = []
    for number in range(n):
        image, labels = draw_discs((96, 96), seed=number)
        pixels = quantize(((image - 20) / 100).astype(np.float32))
        crops.append(ReplayCrop("discs", "score" if number == 0 else "learn", 18.0, pixels, labels.astype(np.uint16)))
    return crops


def with_replay(model: Model, models_dir) -> Model:
    write_replay(models_dir / f"discs{SUFFIX}", make_crops(), {"discs": "CC0"})
    record = model.record.model_copy(update={"replay": "discs"})
    return Model(model.network, record, model.sha256)


def test_a_set_is_read_as_it_was_written(tmp_path) -> None:
    crops = make_crops()
    write_replay(tmp_path / "a.zip", crops, {"discs": "CC0"})
    write_replay(tmp_path / "b.zip", crops, {"discs": "CC0"})
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    again = read_replay(tmp_path / "a.zip")
    assert again.origins == {"discs": "CC0"}
    for old, new in zip(crops, again.crops, strict=True):
        assert (old.source, old.use, old.diameter) == (new.source, new.use, new.diameter)
        np.testing.assert_array_equal(old.pixels, new.pixels)
        np.testing.assert_array_equal(old.labels, new.labels)


def test_what_is_scored_is_never_learned_from(tmp_path) -> None:
    write_replay(tmp_path / "a.zip", make_crops(), {})
    replay = read_replay(tmp_path / "a.zip")
    assert (len(replay.training_planes(ModelRecord())), len(replay.held_out_planes())) == (3, 1)


def test_grey_values_survive_to_within_a_step(tmp_path) -> None:
    values = np.linspace(-0.2, 1.7, 100, dtype=np.float32).reshape(10, 10)
    crop = ReplayCrop("a", "learn", 20.0, quantize(values), np.zeros((10, 10), np.uint16))
    np.testing.assert_allclose(crop.training_plane(ModelRecord()).pixels, values, atol=0.005)
    limits = crop.held_out_plane().limits
    seen = (crop.pixels - limits.low) / (limits.high - limits.low)
    np.testing.assert_allclose(seen, values, atol=0.005)


def test_crops_come_at_the_size_that_the_model_knows() -> None:
    crop = make_crops()[1]
    record = ModelRecord(diameter=72.0, diameter_range=(72.0, 80.0))
    assert crop.training_plane(record).labels.shape == (384, 384)


def test_a_model_finds_its_set_by_name_and_does_without(models_dir, tiny_model: Model) -> None:
    assert find_replay(tiny_model.record) is None
    assert find_replay(tiny_model.record.model_copy(update={"replay": "gone"})) is None
    assert find_replay(with_replay(tiny_model, models_dir).record) is not None


def test_a_name_cannot_lead_out_of_the_folder() -> None:
    with pytest.raises(ValidationError):
        ModelRecord(replay="../secrets")


def test_the_shipped_model_has_a_set_with_licences() -> None:
    replay = find_replay(load_model("nuclei-2d").record)
    assert replay is not None
    assert {crop.source for crop in replay.crops} == set(replay.origins)
    assert all(crop.labels.any() for crop in replay.crops)
    assert len(replay.held_out_planes()) >= 10


@pytest.mark.parametrize(("n", "share", "replay"), [(4, 0.5, 2), (8, 0.25, 2), (4, 0.1, 1), (1, 0.5, 0), (2, 0.75, 1)])
def test_batches_hold_their_share(n: int, share: float, replay: int) -> None:
    bright, dark = (
        TrainingPlane(
            np.full((64, 64), value, np.float32),
            np.zeros((64, 64), np.int32),
            *(np.ones((64, 64), bool),) * 2,
            np.zeros((64, 64), bool),
        )
        for value in (2.5, -2.5)
    )
    images, targets, weights, n_replay = BatchSampler(head_named("instances"), [bright], [dark], 64, share, 0).draw(n)
    assert n_replay == replay
    assert len(images) == len(targets) == len(weights) == n
    np.testing.assert_array_equal(images.mean(dim=(1, 2, 3)) < 0, np.arange(n) >= n - replay)
    assert (BatchSampler(head_named("instances"), [bright], [], 64, share, 0).draw(n)[0].mean(dim=(1, 2, 3)) > 0).all()


def test_base_scores_are_told_and_the_child_keeps_the_set(models_dir, tiny_model: Model) -> None:
    config = FinetuneConfig(seconds=60, max_steps=3, patch=64, batch_size=2, device="cpu")
    parent = with_replay(tiny_model, models_dir)
    result = list(finetune_steps(parent, [correct_all(*draw_discs())], config))[-1].result
    assert result.base_before is not None
    assert result.base_before.n_objects == result.base_after.n_objects == make_crops()[0].labels.max()
    assert "knew before" in result.sentence
    assert result.model.record.replay == "discs"
    assert result.model.record.scores["n_base"] == result.base_after.n_objects
    without = list(finetune_steps(tiny_model, [correct_all(*draw_discs())], config))[-1].result
    assert without.base_before is None
    assert "knew before" not in without.sentence


def test_a_grandchild_is_taught_by_the_model_that_the_set_was_made_for() -> None:
    shipped = load_model("nuclei-2d")
    drifted = copy.deepcopy(shipped.network)
    with torch.no_grad():
        drifted.final.bias += 3.0
    teacher = find_teacher(shipped.record)
    assert teacher is not None
    images, targets = torch.rand(2, 1, 64, 64), torch.zeros(2, 3, 64, 64)
    taught = Teacher(teacher, head_named("instances")).teach(images, targets, 1)
    own = Teacher(drifted, head_named("instances")).teach(images, targets, 1)
    assert not taught[:1].any()  # corrected patches keep their own targets
    assert taught[1, 0].mean() < own[1, 0].mean() - 0.1


def test_there_is_no_teacher_for_other_channels_or_without_a_set() -> None:
    record = load_model("nuclei-2d").record
    assert find_teacher(record.model_copy(update={"replay": None})) is None
    wide = record.model_copy(update={"architecture": record.architecture.model_copy(update={"in_channels": 3})})
    assert find_teacher(wide) is None


def test_the_old_model_is_scored_on_base_images_after_the_first_new_score(
    models_dir, tiny_model: Model, monkeypatch
) -> None:
    """What the user waits for is a first gain; what was known before can be measured afterwards."""
    told: list[str] = []
    original = Judge.score_base
    monkeypatch.setattr(Judge, "score_base", lambda self, parent: told.append("base") or original(self, parent))
    config = FinetuneConfig(seconds=60, max_steps=4, patch=64, batch_size=2, device="cpu")
    for event in finetune_steps(with_replay(tiny_model, models_dir), [correct_all(*draw_discs())], config):
        told.append(type(event).__name__)
    assert told.index("Prepared") < told.index("ScoreDone") < told.index("base")
    assert told[-1] == "Finished"


def test_who_does_not_want_it_kept_is_told_what_was_forgotten(models_dir, tiny_model: Model, monkeypatch) -> None:
    replayed = []
    original = BatchSampler.draw
    monkeypatch.setattr(
        BatchSampler, "draw", lambda self, n: replayed.append((batch := original(self, n)).n_replay) or batch
    )
    config = FinetuneConfig(seconds=60, max_steps=3, patch=64, batch_size=2, device="cpu", replay=0.0)
    parent = with_replay(tiny_model, models_dir)
    result = list(finetune_steps(parent, [correct_all(*draw_discs())], config))[-1].result
    assert replayed == [0] * 4  # one before the first step, three steps
    assert result.base_before.n_objects == result.base_after.n_objects > 0
    assert "knew before" in result.sentence


def test_grey_values_go_to_the_nearest_step() -> None:
    values = np.array([-0.25, -0.2447, -0.243, 0.0, 1.0, 1.75, 9.0, -9.0], np.float32)
    assert quantize(values).tolist() == [0, 1, 1, 32, 159, 255, 255, 0]


def test_a_set_with_many_objects_keeps_their_numbers(tmp_path) -> None:
    labels = np.arange(400, dtype=np.uint16).reshape(20, 20)
    for number, most in enumerate((255, 256, 399)):
        path = tmp_path / f"{number}.zip"
        crop = ReplayCrop(
            "a", "learn", 20.004, np.zeros((20, 20), np.uint8), np.minimum(labels, most).astype(np.uint16)
        )
        write_replay(path, [crop], {})
        (again,) = read_replay(path).crops
        np.testing.assert_array_equal(again.labels, crop.labels)
        assert again.labels.dtype == np.uint16
        assert again.diameter == 20.0


def test_however_short_the_training_base_images_are_scored(models_dir, tiny_model: Model) -> None:
    config = FinetuneConfig(seconds=60, max_steps=1, patch=64, batch_size=2, device="cpu")
    parent = with_replay(tiny_model, models_dir)
    result = list(finetune_steps(parent, [correct_all(*draw_discs((96, 96)))], config))[-1].result
    assert result.base_before is not None
    assert result.base_before.n_objects == result.base_after.n_objects > 0
