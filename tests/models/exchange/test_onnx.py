"""A network in ONNX says what torch says, in every shape that it can have; our own files become models again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.exchange.onnx_file import make_onnx, read_onnx
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running import other_runtimes
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.opening import open_network
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SHAPES: dict[str, dict[str, object]] = {
    "as shipped": {"depth": 3},
    "of the paper": {"depth": 2, "padding": "valid", "normalization": "none"},
    "residual": {"residual": True, "padding": "valid"},
    "interpolated, by groups": {"upsampling": "interpolated", "normalization": "group", "base_channels": 8},
    "each image by itself": {"normalization": "instance"},
    "squares together": {"stem": 2, "in_channels": 3},
    "squares together, of the paper": {"stem": 2, "padding": "valid", "normalization": "none"},
    "squares together, 3D": {"stem": 2, "ndim": 3, "depth": 1, "in_channels": 2, "out_channels": 3},
    "3D": {"ndim": 3, "depth": 1, "in_channels": 2, "out_channels": 3},
}


def trained(**fields: object) -> Model:
    """A model whose normalizations have seen something."""
    architecture = UNetConfig.model_validate({"base_channels": 4, "depth": 2} | fields)
    torch.manual_seed(0)
    network = UNet(architecture)
    torch.nn.init.kaiming_normal_(network.final.weight)  # of no two pixels of a square alike
    if architecture.padding == "same":
        network(1 + torch.randn(2, architecture.in_channels, *[32] * architecture.ndim))
    return Model(network.eval(), ModelRecord(name="Small", architecture=architecture))


@pytest.mark.parametrize("shape", SHAPES)
def test_onnx_runtime_says_what_torch_says_for_tiles_of_any_size(shape: str) -> None:
    model = trained(**SHAPES[shape])
    ours, theirs = (open_network(model.network, Engine("cpu", "float32", name)) for name in ("torch", "onnx"))
    architecture = model.record.architecture
    for size in (2, 3):
        first, other = (16 * size + 28, 60) if architecture.padding == "valid" else (8 * size, 16)
        sides = [first * architecture.axes[0].stem] + [other * architecture.stem] * (architecture.ndim - 1)
        tiles = np.random.default_rng(size).random((size, architecture.in_channels, *sides), np.float32)
        torch.testing.assert_close(theirs(tiles), ours(tiles), rtol=1e-4, atol=1e-4)
        part = (slice(2, 7), *[slice(0, 8)] * (architecture.ndim - 1))
        torch.testing.assert_close(theirs(tiles, part), ours(tiles, part), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_labels_of_the_sample_are_those_of_torch(runtime: str) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(runtime, runtime))
    image = Image.from_array(np.asarray(read_image(sample_path("nuclei_2d")).data)[:192, :192], "YX")
    model = load_model("Nuclei 2D")
    configs = [SegmentConfig(device="cpu", precision="float32", diameter=24, runtime=one) for one in ("torch", runtime)]
    labels = [drain(segment_steps(image, model, config)).labels for config in configs]
    assert labels[0].max() > 3
    np.testing.assert_array_equal(labels[1], labels[0])


@pytest.mark.parametrize("stem", [1, 2])
def test_a_file_becomes_the_same_model_again(stem: int, tmp_path: Path) -> None:
    model = trained(stem=stem)
    (tmp_path / "small.onnx").write_bytes(make_onnx(model))
    again = read_onnx(tmp_path / "small.onnx")
    assert again.record == model.record
    weights = again.network.state_dict()
    for name, value in model.network.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(weights[name], value)


def test_what_is_not_ours_or_was_changed_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(UserError, match="damaged or no ONNX file"):
        read_onnx(path)
    written = onnx.load_model_from_string(make_onnx(trained()))
    changed = onnx.ModelProto.FromString(written.SerializeToString())
    changed.graph.node[1].op_type = "Sigmoid"
    path.write_bytes(changed.SerializeToString())
    with pytest.raises(UserError, match="something else than it says"):
        read_onnx(path)
    del written.metadata_props[:]
    path.write_bytes(written.SerializeToString())
    with pytest.raises(UserError, match="another program"):
        read_onnx(path)


def test_an_engine_that_is_not_installed_or_cannot_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = trained().network
    with pytest.raises(UserError, match="leave device and precision at auto"):
        open_network(network, Engine("cpu", "bfloat16", "onnx"))

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(other_runtimes.importlib, "import_module", missing)
    other_runtimes._ready.clear()
    with pytest.raises(UserError, match="ONNX Runtime is not installed"):
        open_network(network, Engine(runtime="onnx"))
