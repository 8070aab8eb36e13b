"""A few of the kills of `benchmarks/training_kills.py`, and that its check can fail."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "training_kills.py"


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_kills", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["training_kills"] = module
    spec.loader.exec_module(module)
    return module


def test_a_kill_in_training_loses_no_correction_and_no_model(kills: ModuleType) -> None:
    tally, n_models = kills.run_kills(2, seed=3)
    assert tally.failures == []
    assert tally.n == 2
    assert n_models >= 4
    assert max(tally.n_edits) > 10


def test_half_a_model_would_be_noticed(kills: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "half.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    assert kills.check_models(tmp_path, n_saved=0)
    assert any("saved" in problem for problem in kills.check_models(tmp_path, n_saved=1))
