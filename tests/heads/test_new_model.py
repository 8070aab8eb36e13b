from __future__ import annotations

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.heads.new_model import new_model
from napari_unet.models.library import find_model, rename_classes, save_to_library
from napari_unet.models.model_file import load_model_file
from napari_unet.workflows.segmenting import segment


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NAPARI_UNET_MODELS", str(tmp_path))


@pytest.mark.parametrize("options", [{}, {"task": "semantic", "class_names": ("background", "cell")}])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_new_model_finds_nothing(options, channels: int) -> None:
    model = new_model("mine", channels=channels, **options)
    image = np.random.default_rng(0).normal(size=(channels, 96, 96)).astype(np.float32)
    found = segment(image, model, axes="CYX", diameter=24)
    assert found.labels.shape == (96, 96)
    assert not found.labels.any()
    assert model.record.untrained


def test_classes_need_names_of_their_own() -> None:
    for names in ((), ("background",), ("background", " "), ("cell", "Cell")):
        with pytest.raises(UserError, match="for example background, nucleus"):
            new_model("mine", "semantic", names)


def test_class_names_can_be_changed_and_weights_stay() -> None:
    saved = save_to_library(new_model("mine", "semantic", ("background", "cell")))
    before = load_model_file(saved.path)
    rename_classes("mine", ["background", "nucleus"])
    entry = find_model("mine")
    assert entry.record.class_names == ("background", "nucleus")
    after = load_model_file(entry.path)
    for key, value in before.network.state_dict().items():
        assert (after.network.state_dict()[key] == value).all()
    with pytest.raises(UserError, match="has 2 classes"):
        rename_classes("mine", ["one", "two", "three"])


def test_a_model_of_objects_has_no_classes_to_name() -> None:
    save_to_library(new_model("objects"))
    with pytest.raises(UserError, match="finds objects"):
        rename_classes("objects", ["a", "b"])
