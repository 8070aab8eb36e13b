"""A model file alone is enough, is never overwritten, and runs no code."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import file_hash, load_model_file, read_record, save_model
from napari_unet.models.record import ModelRecord, TrainingRecord
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=1, base_channels=4)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(1)
    record = ModelRecord(
        name="Zellkerne größer",
        architecture=SMALL,
        parent="ab" * 32,
        training=TrainingRecord(images=("a.tif",), steps=7),
    )
    return Model(UNet(SMALL).eval(), record)


def test_what_is_saved_is_loaded(model: Model, tmp_path: Path) -> None:
    saved = save_model(model, tmp_path / "m.safetensors")
    loaded = load_model_file(tmp_path / "m.safetensors")
    assert loaded.record == model.record
    assert saved.sha256 == loaded.sha256 == file_hash(tmp_path / "m.safetensors")
    x = torch.randn(1, 1, 16, 16)
    with torch.inference_mode():
        assert torch.equal(loaded.network(x), model.network(x))


def test_half_precision_halves_the_file(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "full.safetensors")
    save_model(model, tmp_path / "half.safetensors", half=True)
    weights = sum(p.numel() for p in model.network.parameters())
    saved = (tmp_path / "full.safetensors").stat().st_size - (tmp_path / "half.safetensors").stat().st_size
    assert saved == pytest.approx(2 * weights, rel=0.1)
    loaded = load_model_file(tmp_path / "half.safetensors").network
    assert all(p.dtype == torch.float32 for p in loaded.parameters())


def test_a_model_is_never_overwritten(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m.safetensors")
    before = (tmp_path / "m.safetensors").read_bytes()
    with pytest.raises(UserError, match="never overwritten"):
        save_model(model, tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_record_is_read_without_torch(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m.safetensors")
    code = (
        "import sys\nfrom napari_unet.models.model_file import read_record\n"
        f"assert read_record({str(tmp_path / 'm.safetensors')!r}).training.steps == 7\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _with_header(header: object, tail: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tail


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not a model",
        b"\xff" * 64,
        _with_header([]),
        _with_header({"__metadata__": {"other": "x"}}),
        _with_header({"__metadata__": {"napari_unet": "{}x"}}),
        _with_header({"__metadata__": {"napari_unet": '{"format_version": 99}'}}),
        _with_header({"__metadata__": {"napari_unet": "{}"}}),
    ],
)
def test_what_is_no_model_gets_a_sentence(payload: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(payload)
    with pytest.raises(UserError, match="bad"):
        load_model_file(path)


def test_a_truncated_model_gets_a_sentence(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m.safetensors")
    payload = (tmp_path / "m.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(payload[: len(payload) - 100])
    with pytest.raises(UserError, match="damaged"):
        load_model_file(tmp_path / "cut.safetensors")


def test_a_missing_model_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model file"):
        read_record(tmp_path / "nothing.safetensors")
