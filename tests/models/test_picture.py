"""The small picture in a model's file: of the fullest part, outlined, read without weights, and never trusted."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Raster

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.library_exchange import export_model
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, read_kind_pictures, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.picture import (
    SIDE,
    draw_kind,
    is_picture,
    read_pictures,
    without_pictures,
)
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=1, base_channels=4)
YELLOW = (255, 214, 0)


def _scene(value: float = 200.0) -> tuple[np.ndarray, np.ndarray]:
    """A field that is empty but for four squares of 20 pixels near its last corner."""
    labels = np.zeros((300, 400), np.int32)
    for number, (y, x) in enumerate([(210, 300), (210, 330), (240, 300), (240, 330)], start=1):
        labels[y : y + 20, x : x + 20] = number
    return np.where(labels > 0, value, 10.0), labels


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Raster.open(io.BytesIO(png)))


def _model(name: str, picture: bytes | None) -> Model:
    torch.manual_seed(1)
    return Model(UNet(SMALL).eval(), ModelRecord(name=name, kind=name, architecture=SMALL), picture=picture)


def test_the_picture_is_of_the_fullest_part_with_outlines_inside_the_objects() -> None:
    picture = _pixels(draw_kind(*_scene()))
    assert picture.shape == (SIDE, SIDE, 3)
    outline = (picture == YELLOW).all(axis=2)
    bright = picture.min(axis=2) > 200
    assert outline.sum() == 4 * 76  # all four, whole: an inner edge of a square of 20 pixels has 76
    assert bright.mean() > 0.08
    around = np.pad(outline | bright, 1)
    dark = ~(outline | bright)
    beside = around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]
    assert not (bright & _grown(dark)).any()  # between an object's light and the dark lies its outline
    assert (dark & beside).any()


def _grown(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, 1)
    return padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def test_colours_stay_colours() -> None:
    grey, labels = _scene()
    colour = np.stack([grey, grey * 0.5, np.full_like(grey, 10.0)], axis=-1)
    picture = _pixels(draw_kind(colour, labels)).astype(int)
    inside = (picture[..., 0] > 200) & (picture[..., 1] < 200)
    assert inside.sum() > 500
    assert picture[inside][:, 2].max() < 60


@pytest.mark.parametrize("shape", [(5, 300), (300, 5), (12, 12)])
def test_thin_and_tiny_planes_without_objects_have_a_picture(shape: tuple[int, int]) -> None:
    assert is_picture(draw_kind(np.full(shape, np.nan), np.zeros(shape, np.int32)))


def test_each_kind_in_a_file_has_its_own_picture_and_one_may_have_none(tmp_path: Path) -> None:
    first, last = draw_kind(*_scene()), draw_kind(*_scene(90.0))
    model = _model("cells", first).with_others([_model("dots", None), _model("nuclei", last)])
    saved = save_model(model, tmp_path / "m.safetensors")
    assert read_kind_pictures(tmp_path / "m.safetensors", saved.record) == [("cells", first), ("nuclei", last)]
    loaded = load_model_file(tmp_path / "m.safetensors")
    assert [kind.picture for kind in loaded.kinds] == [first, None, last]


def test_what_is_no_png_is_no_picture_and_the_model_loads_all_the_same(tmp_path: Path) -> None:
    save_model(_model("cells", b"GIF89a and no picture"), tmp_path / "m.safetensors")
    assert read_pictures(tmp_path / "m.safetensors", ("",)) == (None,)
    assert load_model_file(tmp_path / "m.safetensors").picture is None


def test_a_file_without_its_pictures_is_the_same_model(tmp_path: Path) -> None:
    first, last = draw_kind(*_scene()), draw_kind(*_scene(90.0))
    model = replace(_model("cells", first).with_others([_model("nuclei", last)]), looks=np.ones((2, 3), np.float32))
    save_model(model, tmp_path / "m.safetensors")
    whole = (tmp_path / "m.safetensors").read_bytes()
    (tmp_path / "plain.safetensors").write_bytes(without_pictures(whole))
    one, other = (load_model_file(tmp_path / name) for name in ("m.safetensors", "plain.safetensors"))
    assert [kind.picture for kind in other.kinds] == [None, None]
    assert other.record == one.record
    assert other.looks is not None
    for a, b in zip(one.kinds, other.kinds, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.network.parameters(), b.network.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["", "cells"])
def test_a_model_is_exported_with_or_without_its_pictures(kind: str, models_dir: Path, tmp_path: Path) -> None:
    model = _model("Both", draw_kind(*_scene())).with_others([_model("nuclei", draw_kind(*_scene(90.0)))])
    save_to_library(replace(model, record=model.record.model_copy(update={"kind": "cells"})))
    kept = export_model("Both", tmp_path / "kept", kind=kind)
    plain = export_model("Both", tmp_path / "plain", kind=kind, pictures=False)
    assert all(one.picture for one in load_model_file(kept).kinds)
    assert not any(one.picture for one in load_model_file(plain).kinds)


def test_a_picture_larger_than_ours_is_not_shown() -> None:
    stream = io.BytesIO()
    Raster.new("RGB", (5000, 4)).save(stream, "PNG")
    assert not is_picture(stream.getvalue())


@pytest.mark.parametrize("content", [b"", b"\x00" * 4, b"\xff" * 64, b"\x08" + b"\x00" * 7 + b"[1, 2]  "])
def test_a_file_that_is_damaged_or_gone_has_no_pictures(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    assert read_pictures(tmp_path / "m.safetensors", ("", "kind.0.")) == (None, None)
    assert read_pictures(tmp_path / "gone.safetensors", ("",)) == (None,)


def test_a_model_without_a_picture_is_as_before(tmp_path: Path) -> None:
    save_model(replace(_model("cells", None)), tmp_path / "m.safetensors")
    assert load_model_file(tmp_path / "m.safetensors").picture is None
