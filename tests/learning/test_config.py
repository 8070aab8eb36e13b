"""How the learning rate goes over a training."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.learning.config import OptimizationConfig
from napari_unet.training.config import BaseTrainingConfig

CONFIG = OptimizationConfig(learning_rate=1e-2, warm_up=0.1)


def test_it_warms_up_and_falls_to_zero() -> None:
    rates = np.array([CONFIG.rate_at(progress) for progress in np.linspace(0, 1, 101)])
    assert rates[0] == pytest.approx(1e-4)  # of the full rate, 1 %: early gradients are large and of few patches
    assert np.all(np.diff(rates[:10]) > 0)
    assert np.all(np.diff(rates[11:]) < 0)
    assert rates[50] == pytest.approx(0.5e-2)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert rates.max() < 1e-2


def test_who_wants_no_warm_up_starts_at_full_rate() -> None:
    assert OptimizationConfig(learning_rate=1e-2, warm_up=0).rate_at(0) == 1e-2


def test_a_new_network_learns_twice_as_fast() -> None:
    config = FinetuneConfig(learning_rate=3e-3, weight_decay=2e-4)
    assert config.optimization().learning_rate == 3e-3
    assert config.optimization(scratch=True).learning_rate == 6e-3
    assert config.optimization().weight_decay == 2e-4
    assert 0 < config.optimization().warm_up < 0.1


def test_a_recipe_says_all_of_it() -> None:
    config = BaseTrainingConfig(learning_rate=1e-3, warm_up=0.2, average=0.9, weight_decay=0.5)
    assert config.rate_at(0.0) < 1e-3 / 100
    assert (config.average, config.weight_decay, config.clip) == (0.9, 0.5, 1.0)
