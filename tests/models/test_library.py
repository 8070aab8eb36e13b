"""The library of models: names, lineage, and files that come and go."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.models import library, library_exchange
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import file_hash, load_model_file, read_record, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=1, base_channels=2)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    return Model(UNet(SMALL).eval(), ModelRecord(name="Yeast", architecture=SMALL))


@pytest.fixture
def shipped(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Stand-in for the weights that ship, in place of the real ones."""
    folder = tmp_path / "pretrained"
    monkeypatch.setattr(library, "PRETRAINED", folder)
    record = model.record.model_copy(update={"name": "Nuclei"})
    return save_model(replace(model, record=record), folder / "nuclei.safetensors")


def _weights(path: Path) -> dict[str, torch.Tensor]:
    return load_model_file(path).network.state_dict()


def _child(parent: Model, name: str) -> Model:
    record = parent.record.model_copy(update={"name": name, "parent": parent.sha256, "parent_name": parent.name})
    return Model(parent.network, record)


def test_library_starts_with_the_shipped_model(shipped: Model) -> None:
    [entry] = library.list_models()
    assert (entry.name, entry.shipped, entry.sha256) == ("Nuclei", True, shipped.sha256)
    assert library.default_model_name() == "Nuclei"
    assert library.load_model().sha256 == shipped.sha256


def test_saved_model_is_found_by_name_in_any_case_and_by_file(shipped: Model, model: Model) -> None:
    saved = library.save_to_library(model)
    assert saved.path is not None
    for key in ("Yeast", "yeast", saved.path, str(saved.path)):
        assert library.load_model(key).sha256 == saved.sha256


def test_saving_twice_keeps_both_under_names_of_their_own(shipped: Model, model: Model) -> None:
    names = [library.save_to_library(model).name for _ in range(3)]
    assert names == ["Yeast", "Yeast (2)", "Yeast (3)"]
    assert len({entry.path for entry in library.list_models()}) == 4


@pytest.mark.parametrize("name", ["a/b: c?", "細胞", "..", "x" * 90])
def test_any_name_makes_a_file_in_the_folder(shipped: Model, model: Model, models_dir: Path, name: str) -> None:
    saved = library.save_to_library(replace(model, record=model.record.model_copy(update={"name": name})))
    assert saved.path is not None
    assert saved.path.parent == models_dir
    assert library.find_model(name).path == saved.path


def test_renaming_keeps_the_weights_and_the_lineage(shipped: Model, model: Model) -> None:
    parent = library.save_to_library(model)
    child = library.save_to_library(_child(parent, "Yeast, day 2"))
    assert parent.path is not None
    before = _weights(parent.path)
    renamed = library.rename_model("Yeast", "  Budding   yeast ")
    assert renamed.name == "Budding yeast"
    assert read_record(renamed.path) == parent.record.model_copy(update={"name": "Budding yeast"})
    after = _weights(renamed.path)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert renamed.sha256 != parent.sha256
    [ancestor] = library.lineage(library.find_model(child.name))
    assert ancestor == renamed


def test_name_in_use_is_refused(shipped: Model, model: Model) -> None:
    library.save_to_library(model)
    with pytest.raises(UserError, match="already"):
        library.rename_model("Yeast", "nuclei")
    with pytest.raises(UserError):
        library.rename_model("Yeast", "   ")
    assert library.find_model("Yeast").name == "Yeast"


def test_shipped_model_stays_as_it_is(shipped: Model) -> None:
    assert shipped.path is not None
    for change in (lambda: library.remove_model("Nuclei"), lambda: library.rename_model("Nuclei", "Mine")):
        with pytest.raises(UserError, match="ships"):
            change()
    assert file_hash(shipped.path) == shipped.sha256


def test_removing_the_default_goes_back_to_the_shipped_one(shipped: Model, model: Model) -> None:
    library.save_to_library(model)
    library.set_default_model("Yeast")
    assert library.default_model_name() == "Yeast"
    library.remove_model("Yeast")
    assert library.default_model_name() == "Nuclei"
    assert [entry.name for entry in library.list_models()] == ["Nuclei"]


def test_default_survives_renaming_and_is_reset(shipped: Model, model: Model) -> None:
    library.save_to_library(model)
    library.set_default_model("Yeast")
    library.rename_model("Yeast", "Pombe")
    assert library.default_model_name() == "Pombe"
    library.set_default_model(None)
    assert library.default_model_name() == "Nuclei"


def test_exported_file_is_imported_as_the_same_model(
    shipped: Model, model: Model, tmp_path: Path, models_dir: Path
) -> None:
    saved = library.save_to_library(model)
    exported = library_exchange.export_model("Yeast", tmp_path / "shared")
    assert exported == tmp_path / "shared.safetensors"
    assert file_hash(exported) == saved.sha256
    with pytest.raises(UserError, match="exists"):
        library_exchange.export_model("Yeast", exported)
    assert library_exchange.import_model(exported).path == saved.path  # known already
    library.remove_model("Yeast")
    assert library_exchange.import_model(exported).sha256 == saved.sha256
    assert list(models_dir.glob(".*")) == []


def test_one_kind_of_image_can_be_exported_alone(
    shipped: Model, model: Model, tmp_path: Path, models_dir: Path
) -> None:
    torch.manual_seed(1)
    taught = replace(model, record=model.record.model_copy(update={"kind": "Buds"}))
    base = Model(UNet(SMALL).eval(), ModelRecord(name="Nuclei", architecture=SMALL))
    library.save_to_library(taught.with_others([base]))
    for kind, network in (("buds", taught.network), ("Nuclei", base.network)):
        exported = load_model_file(library_exchange.export_model("Yeast", tmp_path / kind, kind=kind))
        assert exported.others == ()
        assert exported.record.kinds == ()
        assert exported.name == f"Yeast: {kind.capitalize()}"
        for key, value in network.state_dict().items():
            torch.testing.assert_close(exported.network.state_dict()[key], value, atol=1e-3, rtol=1e-2)
    with pytest.raises(UserError, match="Buds, Nuclei"):
        library_exchange.export_model("Yeast", tmp_path / "none", kind="Spores")
    assert not (tmp_path / "none.safetensors").exists()


def test_import_under_a_name_in_use_gets_a_new_one_and_keeps_its_children(
    shipped: Model, model: Model, tmp_path: Path
) -> None:
    library.save_to_library(model)
    torch.manual_seed(1)
    other = save_model(Model(UNet(SMALL).eval(), model.record), tmp_path / "other.safetensors")
    child = save_model(_child(other, "Child"), tmp_path / "child.safetensors")
    assert child.path is not None
    imported = library_exchange.import_model(tmp_path / "other.safetensors")
    assert imported.name == "Yeast (2)"
    assert library.lineage(library_exchange.import_model(child.path)) == [imported]


def test_ancestor_that_is_not_there_is_still_named(shipped: Model, model: Model) -> None:
    parent = library.save_to_library(model)
    library.save_to_library(_child(parent, "Child"))
    library.remove_model("Yeast")
    assert library.lineage(library.find_model("Child")) == ["Yeast"]


def test_broken_files_are_reported_and_the_rest_is_listed(shipped: Model, model: Model, models_dir: Path) -> None:
    library.save_to_library(model)
    (models_dir / "bad.safetensors").write_text("no model at all")
    (models_dir / "notes.txt").write_text("ignored")
    entries, broken = library.scan_models()
    assert [entry.name for entry in entries] == ["Nuclei", "Yeast"]
    assert [file.path.name for file in broken] == ["bad.safetensors"]


def test_file_that_is_no_model_is_not_imported(shipped: Model, tmp_path: Path, models_dir: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    for path in (bad, tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(UserError):
            library_exchange.import_model(path)
    assert list(models_dir.iterdir()) == []


def test_file_with_damaged_weights_is_not_imported(model: Model, shipped: Model, tmp_path: Path) -> None:
    saved = save_model(model, tmp_path / "cut.safetensors")
    assert saved.path is not None
    saved.path.write_bytes(saved.path.read_bytes()[:-40])
    with pytest.raises(UserError):
        library_exchange.import_model(saved.path)


def test_unknown_name_says_what_there_is(shipped: Model) -> None:
    with pytest.raises(UserError, match="Nuclei"):
        library.load_model("Nucleus")
    with pytest.raises(UserError, match="no model file"):
        library.load_model("nowhere/x.safetensors")


def test_damaged_index_costs_only_the_choice_of_default(shipped: Model, models_dir: Path) -> None:
    for text in ("{", "[]", json.dumps({"default": 3, "renamed": None})):
        (models_dir / "library.json").write_text(text)
        assert library.default_model_name() == "Nuclei"


@pytest.mark.usefixtures("shipped")
def test_every_change_of_the_library_is_told_once(model: Model, tmp_path: Path) -> None:
    told: list[str] = []

    def listen() -> None:
        told.append(", ".join(entry.name for entry in library.list_models()))

    library.changed.connect(listen)
    try:
        library.save_to_library(model)
        library.rename_model("Yeast", "Moss")
        copy = library_exchange.export_model("Moss", tmp_path / "moss.safetensors")
        library_exchange.import_model(copy)  # there already
        library.remove_model("Moss")
        library_exchange.import_model(copy)
    finally:
        library.changed.disconnect(listen)
    assert told == ["Nuclei, Yeast", "Nuclei, Moss", "Nuclei", "Nuclei, Moss"]
