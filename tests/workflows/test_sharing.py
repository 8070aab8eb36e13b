"""Models as BioImage.IO packages: what others' own checker says of them, and what is taken back."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
import yaml
from PIL import Image as Picture

from napari_unet.errors import UserError
from napari_unet.models import library
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.workflows.sharing.about import About, read_about, said_about
from napari_unet.workflows.sharing.formats import Wish, export_for_others, import_any_model
from napari_unet.workflows.sharing.package import import_package

pytest.importorskip("onnx")
ABOUT = About(authors=("Ada Byron",), affiliation="Analytical Institute")
FOR_ALL = {
    "objects": {"name": "Small"},
    "classes": {"name": "Kerne+", "task": "semantic", "outputs": ("background", "Nucleus 1"),
                "class_names": ("background", "Nucleus 1")},
}  # fmt: skip


def make_model(in_channels: int = 1, stem: Literal[1, 2] = 1, **record: object) -> Model:
    torch.manual_seed(0)
    architecture = UNetConfig(depth=1, base_channels=4, in_channels=in_channels, stem=stem)
    network = UNet(architecture)
    network(torch.randn(2, in_channels, 32, 32))
    return Model(network.eval(), ModelRecord.model_validate({"architecture": architecture} | record))


def packed(tmp_path: Path, model: Model, **wish: object) -> Path:
    saved = save_to_library(model)
    return export_for_others(saved.name, tmp_path / "model.zip", Wish(about=ABOUT, **wish))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the checker leaves files open
@pytest.mark.parametrize("kind", FOR_ALL)
def test_the_checker_of_bioimageio_passes_a_package_without_the_network(kind: str, tmp_path: Path) -> None:
    core = pytest.importorskip("bioimageio.core")
    pytest.importorskip("onnxruntime")
    path = packed(tmp_path, make_model(in_channels=1 + (kind == "classes"), **FOR_ALL[kind]))
    summary = core.test_model(path, "onnx")
    assert summary.status == "passed", summary.format()


def test_a_package_has_a_cover_authors_licence_and_what_is_to_be_cited(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path, make_model(name="Small"))) as archive:
        told = yaml.safe_load(archive.read("bioimageio.yaml"))
        cover = Picture.open(io.BytesIO(archive.read("cover.png")))
        output = np.load(io.BytesIO(archive.read("test_output.npy")))
    assert told["authors"] == [{"name": "Ada Byron", "affiliation": "Analytical Institute"}]
    assert (told["license"], told["cite"][-1]["doi"]) == ("CC-BY-4.0", "10.1007/978-3-319-24574-4_28")
    assert cover.width == 2 * cover.height
    assert 0 < output.min() < output.max() < 1


@pytest.mark.parametrize("stem", [1, 2])
def test_what_was_exported_is_taken_back_and_is_the_same_model(stem: Literal[1, 2], tmp_path: Path) -> None:
    path = packed(tmp_path, make_model(name="Small", stem=stem))
    assert import_any_model(path).name == "Small"
    assert len([entry for entry in library.list_models() if not entry.shipped]) == 1
    onnx = export_for_others("Small", tmp_path / "small.onnx")
    assert import_any_model(onnx).name == "Small"
    library.remove_model("Small")
    assert import_any_model(path).record.name == "Small"
    assert library.load_model("Small").record.architecture.pooling_factor == 2 * stem


def test_a_package_that_would_run_code_or_is_not_ours_is_refused_with_the_reason(tmp_path: Path) -> None:
    def written(told: dict[str, object], **files: str) -> Path:
        path = tmp_path / "other.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bioimageio.yaml", json.dumps({"type": "model"} | told))
            for name, text in files.items():
                archive.writestr(name.replace("_py", ".py"), text)
        return path

    with pytest.raises(UserError, match=r"brings Python source \(net.py\)"):
        import_package(written({}, net_py="print()"))
    torch_weights = {"weights": {"pytorch_state_dict": {"source": "w.pt", "architecture": {"source": "unet.py"}}}}
    with pytest.raises(UserError, match="would have to run"):
        import_package(written(torch_weights))
    with pytest.raises(UserError, match="not supported"):
        import_package(written({"weights": {"onnx": {"source": "w.onnx"}}}))
    with pytest.raises(UserError, match="not a BioImage"):
        import_package(written({"type": "dataset"}))
    (tmp_path / "broken.zip").write_bytes(b"PK no")
    with pytest.raises(UserError, match="damaged"):
        import_package(tmp_path / "broken.zip")


def test_one_of_several_kinds_is_picked_by_name(tmp_path: Path) -> None:
    both = make_model(name="Both", kind="Yeast").with_others([make_model(name="Old", kind="Nuclei")])
    save_to_library(both)
    with pytest.raises(UserError, match="choose Yeast, Nuclei"):
        export_for_others("Both", tmp_path / "both.onnx")
    assert (
        import_any_model(export_for_others("Both", tmp_path / "both.onnx", Wish(kind="nuclei"))).record.kind == "Nuclei"
    )


def test_who_made_it_is_asked_once() -> None:
    with pytest.raises(UserError, match="at least one author"):
        said_about({"authors": None})
    with pytest.raises(UserError, match="DOI"):
        said_about({"authors": ("Ada",), "doi": "none"})
    said_about({"authors": ("Ada",), "licence": "MIT"})
    assert said_about({"authors": None, "licence": None}) == read_about() == About(authors=("Ada",), licence="MIT")
