"""A file that has one kind's weights in another file beside it is the same model, hash and copies included."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import PRETRAINED
from napari_unet.models.library_exchange import import_model
from napari_unet.models.model import Model
from napari_unet.models.model_file import file_hash, load_model_file, read_record, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.picture import draw_kind, read_pictures
from napari_unet.models.recorded.shared import read_all_weights, split_file, write_sharing
from napari_unet.models.renaming import write_renamed
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=1, base_channels=4)


def _model(name: str, seed: int) -> Model:
    torch.manual_seed(seed)
    labels = np.zeros((40, 40), int)
    labels[10:30, 10:30] = 1
    looks = np.full((2, 3), seed, np.float32)
    picture = draw_kind(labels * seed, labels)
    return Model(
        UNet(SMALL).eval(), ModelRecord(name=name, kind=name, architecture=SMALL), looks=looks, picture=picture
    )


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """`both.safetensors` as a whole in one folder, and sharing, beside `one.safetensors`, in another."""
    base = _model("nuclei", 1)
    folder = tmp_path / "apart"
    folder.mkdir()
    save_model(replace(base, looks=None, picture=None), folder / "one.safetensors", half=True)
    save_model(_model("cells", 2).with_others([base]), tmp_path / "both.safetensors")
    write_sharing(tmp_path / "both.safetensors", folder / "both.safetensors", "kind.0.", folder / "one.safetensors")
    return folder


def test_a_sharing_file_is_smaller_and_the_same_model(shared: Path) -> None:
    whole, part = shared.parent / "both.safetensors", shared / "both.safetensors"
    names = [set(split_file(path.read_bytes())[0]) for path in (part, whole)]
    assert {name for name in names[1] if name.startswith("kind.0.")} - names[0]
    a, b = load_model_file(whole), load_model_file(part)
    assert (a.record, a.sha256) != (b.record, None)
    for one, other in zip(a.kinds, b.kinds, strict=True):
        assert one.record == other.record
        assert one.picture == other.picture
        assert one.looks is not None
        assert np.array_equal(one.looks, other.looks)
        for x, y in zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True):
            assert torch.equal(x, y)
    assert read_pictures(part, ("", "kind.0.")) == read_pictures(whole, ("", "kind.0."))


def test_its_hash_is_that_of_its_copies_which_are_whole(shared: Path, models_dir: Path, tmp_path: Path) -> None:
    part = shared / "both.safetensors"
    sha256 = file_hash(part)
    assert load_model_file(part).sha256 is not None
    entry = import_model(part)
    assert entry.sha256 == sha256
    assert b"shared_weights" not in entry.path.read_bytes()
    assert import_model(part).path == entry.path
    (shared / "one.safetensors").unlink()
    assert len(load_model_file(entry.path).kinds) == 2
    assert read_all_weights(entry.path) == entry.path.read_bytes()


def test_a_renamed_copy_is_whole(shared: Path, tmp_path: Path) -> None:
    write_renamed(shared / "both.safetensors", tmp_path / "other.safetensors", "Other")
    loaded = load_model_file(tmp_path / "other.safetensors")
    assert (loaded.name, len(loaded.kinds)) == ("Other", 2)


def test_without_the_file_beside_it_or_with_another_one_the_remedy_is_told(shared: Path) -> None:
    (shared / "one.safetensors").rename(shared / "away.safetensors")
    assert read_record(shared / "both.safetensors").kind_names == ("cells", "nuclei")
    with pytest.raises(UserError, match=r"has some of its weights in one\.safetensors, which is not beside it: export"):
        load_model_file(shared / "both.safetensors")
    save_model(_model("else", 5), shared / "one.safetensors")
    with pytest.raises(UserError, match=r"one\.safetensors is not the file that both\.safetensors came with"):
        load_model_file(shared / "both.safetensors")


def test_other_weights_are_not_shared(shared: Path, tmp_path: Path) -> None:
    save_model(_model("else", 5), tmp_path / "else.safetensors", half=True)
    with pytest.raises(ValueError, match="other weights"):
        write_sharing(
            tmp_path / "both.safetensors", tmp_path / "x.safetensors", "kind.0.", tmp_path / "else.safetensors"
        )
    assert not (tmp_path / "x.safetensors").exists()


def test_weights_that_ship_take_at_most_12_megabytes_in_all() -> None:
    assert sum(path.stat().st_size for path in PRETRAINED.glob("*.safetensors")) <= 12e6
    assert json.loads(split_file((PRETRAINED / "nuclei-2d.safetensors").read_bytes())[0]["__metadata__"]["napari_unet"])
