"""`napari-unet train` makes a model from scratch, and goes on after a stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from napari_unet.models.model_file import load_model_file

Run = Callable[..., Any]
SMALL = ("--base-channels", 4, "--depth", 2, "--patch", 48, "--batch-size", 2)


def _train(run: Run, folders: Path, *more: object) -> Any:
    where = ("--images", folders / "images", "--labels", folders / "labels", "--output", folders / "new.safetensors")
    return run("train", *where, *SMALL, *more)


def test_a_model_is_trained_and_judged(run: Run, folders: Path) -> None:
    ran = _train(run, folders, "--steps", 3, "--validation", 0.5, "--json")
    assert ran.code == 0, ran.err
    model = load_model_file(folders / "new.safetensors")
    assert model.record.architecture.base_channels == 4
    assert model.record.training.steps == 3 == ran.answer["steps"]
    assert model.record.training.n_objects > 0
    assert 0 <= model.record.scores["validation_ap50"] <= 1
    assert model.record.parent is None


def test_a_model_whose_first_stage_has_half_the_size_is_trained_and_judged(run: Run, folders: Path) -> None:
    ran = _train(run, folders, "--steps", 2, "--validation", 0.5, "--stem", 2)
    assert ran.code == 0, ran.err
    architecture = load_model_file(folders / "new.safetensors").record.architecture
    assert (architecture.stem, architecture.pooling_factor) == (2, 8)


def test_a_finished_checkpoint_is_not_trained_again(run: Run, folders: Path) -> None:
    first = _train(run, folders, "--steps", 3, "--validation", 0, "--json")
    trained = load_model_file(folders / "new.safetensors").network.state_dict()
    again = _train(run, folders, "--steps", 3, "--validation", 0, "--json", "--force")
    assert first.code == again.code == 0
    assert first.answer["steps"] == again.answer["steps"] == 3
    weights = load_model_file(folders / "new.safetensors").network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in trained.items())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--steps", 0), "--steps"),
        (("--stem", 3), "--stem is not possible"),
        (
            ("--stem", 2, "--patch", 52),
            "--patch is not possible: the network cannot halve 52 pixels as often as it has to: take 56.",
        ),
        (("--validation", 2), "--validation"),
        (("--recipe", "x.toml"), "either --recipe"),
    ],
)
def test_bad_options_are_told(run: Run, folders: Path, more: tuple[object, ...], said: str) -> None:
    ran = _train(run, folders, *more)
    assert ran.code == 2
    assert said in ran.err


def test_a_checkpoint_of_another_network_is_refused(run: Run, folders: Path) -> None:
    assert _train(run, folders, "--steps", 2, "--validation", 0).code == 0
    ran = _train(run, folders, "--steps", 4, "--validation", 0, "--force", "--depth", 3)
    assert ran.code == 2
    assert "another network" in ran.err


def test_training_can_begin_with_the_weights_of_a_model(run: Run, folders: Path) -> None:
    assert _train(run, folders, "--steps", 3, "--validation", 0).code == 0
    first = load_model_file(folders / "new.safetensors")
    where = ("--images", folders / "images", "--labels", folders / "labels", "--output", folders / "next.safetensors")
    # a rate of next to nothing: the weights are those that it began with
    still = ("--steps", 1, "--validation", 0, "--learning-rate", 1e-12)
    ran = run("train", *where, *SMALL, *still, "--start", folders / "new.safetensors")
    assert ran.code == 0, ran.err
    second = load_model_file(folders / "next.safetensors")
    assert second.record.parent == first.sha256
    weights = first.network.state_dict()
    for name, value in second.network.named_parameters():
        assert torch.allclose(value, weights[name], atol=1e-3), name


def test_a_start_of_another_network_is_refused(run: Run, folders: Path) -> None:
    assert _train(run, folders, "--steps", 1, "--validation", 0).code == 0
    ran = _train(run, folders, "--steps", 1, "--force", "--start", folders / "new.safetensors", "--depth", 3)
    assert ran.code == 2
    assert "depth 2 instead of 3" in ran.err
