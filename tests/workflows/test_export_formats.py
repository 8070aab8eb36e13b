"""How a model is written and taken: told by its ending, or by name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_unet.errors import UserError
from napari_unet.workflows.sharing.formats import format_of, import_any_model, pick_kind


@pytest.mark.parametrize(
    ("path", "asked", "form"),
    [
        ("a.safetensors", None, "safetensors"), ("a.ONNX", None, "onnx"), ("a.zip", None, "bioimageio"),
        ("a", None, "safetensors"), ("a.pt", None, "safetensors"), ("a.zip", "onnx", "onnx"),
    ],
)  # fmt: skip
def test_the_ending_says_the_format_unless_one_is_asked_for(path: str, asked: str | None, form: str) -> None:
    assert format_of(path, asked) == form


def test_another_format_is_told_with_those_there_are() -> None:
    with pytest.raises(UserError, match="no format 'keras'; choose one of: safetensors, onnx, bioimageio"):
        format_of("a.h5", "keras")


@pytest.mark.parametrize("name", ["a.onnx", "a.zip", "a.safetensors"])
def test_a_model_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no model file|There is no"):
        import_any_model(tmp_path / name)


def test_of_a_model_of_several_kinds_one_has_to_be_chosen() -> None:
    record = SimpleNamespace(kind_names=("nuclei", "cells"))
    several: Any = SimpleNamespace(name="all", others=(1,), record=record, kind_called=lambda kind: f"only {kind}")
    with pytest.raises(UserError, match="several kinds of image, and such a file holds one: choose nuclei, cells"):
        pick_kind(several, None)
    assert pick_kind(several, "cells") == "only cells"
    alone: Any = SimpleNamespace(name="one", others=(), record=record)
    assert pick_kind(alone, None) is alone
