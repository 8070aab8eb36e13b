"""Networks of other programs: packages with tiny ONNX networks, taken, used, and refused with the reason."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_unet.cli import main
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.images.channels import model_input
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.library import load_model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps
from napari_unet.workflows.sharing.formats import import_any_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
MEAN = [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}}]
RANGE = [{"id": "scale_range", "kwargs": {"axes": ["y", "x"], "min_percentile": 0, "max_percentile": 100}}]
SIGMOID = [{"id": "sigmoid"}]


def make_network(
    nodes: list[Any], channels: int = 1, outputs: int = 1, axes: str = "bcyx", size: int | None = None
) -> bytes:
    """An ONNX file: "x" -> "y" by `nodes`, for any size or one."""
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    sizes = {"b": "b", "y": size or "h", "x": size or "w"}
    shapes = [[sizes.get(one, n) for one in axes] for n in (channels, outputs)]
    known = [onnx.numpy_helper.from_array(np.float32(value), name) for name, value in (("k", 20), ("half", 0.5))]
    ends = [helper.make_tensor_value_info(name, float32, shape) for name, shape in zip("xy", shapes, strict=True)]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


STEEP = [node("Sub", "x half", "a"), node("Mul", "a k", "y")]
"""Logits that are positive above 0.5."""


def tensor(names: tuple[str, ...], size: Any, **more: Any) -> dict[str, Any]:
    space = [{"type": "space", "id": axis, "size": size} for axis in "yx"]
    return {"axes": [{"type": "batch"}, {"type": "channel", "channel_names": list(names)}, *space], **more}


def told(
    seen: tuple[str, ...] = ("dapi",), said: tuple[str, ...] = ("nuclei",), before: Any = RANGE, after: Any = SIGMOID
) -> dict[str, Any]:
    answer = {"tensor_id": "image", "axis_id": "y"}
    return {
        "type": "model", "name": "Their net", "license": "MIT",
        "weights": {"onnx": {"source": "weights.onnx"}},
        "inputs": [tensor(seen, {"min": 16, "step": 16}, preprocessing=before)],
        "outputs": [tensor(said, answer, postprocessing=after)],
    }  # fmt: skip


def packed(folder: Path, about: dict[str, Any], network: bytes, **files: bytes) -> Path:
    path = folder / "theirs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", json.dumps(about))
        archive.writestr("weights.onnx", network)
        for name, payload in files.items():
            archive.writestr(name.replace("__", "."), payload)
    return path


def npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def draw() -> np.ndarray:
    """(50, 70) uint16 with three bright squares, one at the border."""
    image = np.full((50, 70), 100, np.uint16)
    for y, x in ((5, 5), (20, 40), (38, 58)):
        image[y : y + 12, x : x + 12] = 900
    return image


def segment(pixels: np.ndarray, axes: str = "YX", **config: Any) -> np.ndarray:
    model = load_model("Their net")
    image = model_input(Image.from_array(pixels, axes), model.record.architecture.in_channels)
    return np.asarray(drain(segment_steps(image, model, SegmentConfig(**config))).labels)


@pytest.mark.parametrize("before", [RANGE, MEAN, [{"id": "scale_linear", "kwargs": {"gain": 0.001, "offset": 0.1}}]])
def test_a_probability_becomes_objects_that_hang_together(before: Any, tmp_path: Path) -> None:
    entry = import_any_model(packed(tmp_path, told(before=before), make_network(STEEP)))
    assert (entry.record.task, entry.record.licence) == ("instances", "MIT")
    labels = segment(draw())
    assert labels.max() == 3
    assert np.array_equal(labels > 0, draw() > 500)
    assert import_any_model(tmp_path / "theirs.zip").sha256 == entry.sha256


def test_boundaries_part_objects_that_touch(tmp_path: Path) -> None:
    about = told(seen=("nuclei", "rims"), said=("foreground", "boundary"))
    import_any_model(packed(tmp_path, about, make_network(STEEP, 2, 2)))
    inside = np.full((64, 64), 100, np.uint16)
    inside[16:40, 10:50] = 900  # two that touch along a line
    rims = np.full((64, 64), 100, np.uint16)
    rims[16:40, 29:31] = 900
    labels = segment(np.stack([inside, rims]), "CYX")
    assert labels.max() == 2
    assert labels[20, 15] != labels[20, 45]
    assert np.array_equal(labels > 0, inside > 500)


def test_logits_of_classes_become_classes(tmp_path: Path) -> None:
    nodes = [*STEEP[:1], node("Mul", "a k", "l"), node("Neg", "l", "n"), node("Concat", "n l", "y", axis=1)]
    about = told(said=("background", "tumour"), after=[])
    entry = import_any_model(packed(tmp_path, about, make_network(nodes, 1, 2)))
    assert (entry.record.task, entry.record.class_names) == ("semantic", ("background", "tumour"))
    assert np.array_equal(segment(draw()), draw() > 500)
    assert [step.name for step in entry.record.foreign.answer] == ["softmax"]


def test_format_0_4_with_channels_last_and_one_size_only(tmp_path: Path) -> None:
    shape = [1, 32, 32, 1]
    tensors = {"name": "raw", "axes": "byxc", "shape": shape}
    scaling = {"name": "scale_range", "kwargs": {"axes": "yx", "mode": "per_sample"}}
    about = told() | {
        "inputs": [tensors | {"preprocessing": [scaling]}],
        "outputs": [tensors | {"postprocessing": [{"name": "sigmoid"}]}],
    }
    import_any_model(packed(tmp_path, about, make_network(STEEP, axes="byxc", size=32)))
    assert np.array_equal(segment(draw()) > 0, draw() > 500)
    assert np.array_equal(segment(draw()[:20, :20]) > 0, draw()[:20, :20] > 500)


def test_its_own_test_arrays_are_tried(tmp_path: Path) -> None:
    shown = draw()[None, None, :48, :64].astype(np.float32)
    right = 1 / (1 + np.exp(-20 * ((shown - 100) / 800 - 0.5)))
    about = told()
    for which, name in (("inputs", "in.npy"), ("outputs", "out.npy")):
        about[which][0]["test_tensor"] = {"source": name}
    network = make_network(STEEP)
    path = packed(tmp_path, about, network, in__npy=npy(shown), out__npy=npy(right))
    assert import_any_model(path).name == "Their net"
    with pytest.raises(UserError, match="other numbers than the package says"):
        import_any_model(packed(tmp_path, about, network, in__npy=npy(shown), out__npy=npy(1 - right)))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "preparation": (told(before=[{"id": "binarize", "kwargs": {"threshold": 3}}]), "prepared by binarize"),
    "answer": (told(after=[{"id": "zero_mean_unit_variance"}]), "worked on by zero_mean"),
    "meaning": (told(said=("flow_y", "flow_x")), "does not say what its outputs"),
    "two inputs": (told() | {"inputs": 2 * told()["inputs"]}, "exactly one image"),
    "volume": (told() | {"inputs": [{"axes": "bczyx", "shape": [1, 1, 8, 32, 32]}]}, "single planes"),
    "hash": (told() | {"weights": {"onnx": {"source": "weights.onnx", "sha256": "0" * 64}}}, "not the one that"),
    "missing": (told() | {"weights": {"onnx": {"source": "gone.onnx"}}}, "does not hold gone.onnx"),
    "incomplete": (told() | {"weights": {"onnx": {}}}, "incomplete"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_followed_is_refused_in_one_sentence(why: str, tmp_path: Path) -> None:
    about, sentence = REFUSED[why]
    with pytest.raises(UserError, match=sentence):
        import_any_model(packed(tmp_path, about, make_network(STEEP)))


@pytest.mark.parametrize("said", [("background", "tumour"), ("foreground", "boundary")])
def test_a_network_with_fewer_answers_than_are_named_is_refused(said: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answers with 1 channels, and its description names more"):
        import_any_model(packed(tmp_path, told(said=said), make_network(STEEP)))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not run"):
        import_any_model(packed(tmp_path, told(), b"nothing"))


def test_python_source_beside_the_onnx_network_is_left_alone(tmp_path: Path) -> None:
    about = told()
    about["weights"]["pytorch_state_dict"] = {"source": "w.pt", "architecture": {"source": "unet.py", "callable": "U"}}
    path = packed(tmp_path, about, make_network(STEEP), unet__py=b"raise SystemExit")
    assert import_any_model(path).record.foreign is not None
    del about["weights"]["onnx"]
    with pytest.raises(UserError, match="brings Python source"):
        import_any_model(packed(tmp_path, about, make_network(STEEP), unet__py=b""))


def test_it_segments_on_the_command_line_and_cannot_be_fine_tuned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = packed(tmp_path, told(), make_network(STEEP))
    assert main(["models", "import", str(path)]) == 0
    capsys.readouterr()
    tifffile.imwrite(tmp_path / "cells.tif", draw())
    assert main(["segment", str(tmp_path / "cells.tif"), "--model", "Their net", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"][0]["objects"] == 3
    assert main(["models", "show", "Their net"]) == 0
    assert "cannot be fine-tuned" in capsys.readouterr().out
    labels = segment(draw())
    image = CorrectedImage(Image.from_array(draw()), labels, np.ones(labels.shape, bool), None, "cells", View(12.0))
    with pytest.raises(UserError, match="ONNX network of another program"):
        drain(finetune_steps(load_model("Their net"), [image], FinetuneConfig(max_steps=1)))
