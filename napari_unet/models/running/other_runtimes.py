"""ONNX Runtime and OpenVINO, where they are installed: the same network as an ONNX graph, in float32, on the CPU."""

from __future__ import annotations

import hashlib
import importlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unet.errors import UserError
from napari_unet.labels.types import Floats
from napari_unet.models.exchange.onnx_graph import draw_network
from napari_unet.models.running.tile_network import Region
from napari_unet.models.unet import UNet

_KEPT = 4  # networks made ready: each file of a batch asks for the same ones
Answer = Callable[[Floats], Any]


class GraphNetwork:
    """A network that another program runs from its ONNX graph."""

    itemsize = 4

    def __init__(self, network: UNet, make: Callable[[bytes], Answer]) -> None:
        self._answer = make_ready(draw_network(network).SerializeToString(), make)

    def __call__(self, tiles: Floats, region: Region | None = None) -> Tensor:
        try:
            logits = self._answer(np.ascontiguousarray(tiles, np.float32))
        except Exception as error:  # each program has errors of its own
            if any(word in str(error).lower() for word in ("memory", "alloc")):
                raise MemoryError(str(error)) from error
            raise
        return torch.from_numpy(logits if region is None else logits[(..., *region)])


_ready: OrderedDict[tuple[str, Any], Answer] = OrderedDict()


def make_ready(graph: bytes, make: Callable[[bytes], Answer]) -> Answer:
    """What answers for `graph`; the last few are kept."""
    key = hashlib.sha256(graph).hexdigest(), make
    _ready[key] = _ready.pop(key) if key in _ready else make(graph)
    while len(_ready) > _KEPT:
        _ready.popitem(last=False)
    return _ready[key]


def make_onnx_runtime(graph: bytes) -> Answer:
    """ONNX Runtime, with as many threads as torch has."""
    runtime = _imported("onnxruntime", "ONNX Runtime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tiles: session.run(None, {name: tiles})[0]


def make_openvino(graph: bytes) -> Answer:
    """OpenVINO, with as many threads as torch has."""
    core = _imported("openvino", "OpenVINO").Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = core.compile_model(core.read_model(graph), "CPU", settings)
    # a request of its own for each tile: several threads may ask at once
    return lambda tiles: compiled.create_infer_request().infer([tiles])[0].copy()


def _imported(package: str, title: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UserError(f"{title} is not installed: pip install {package}, or leave the choice to auto.") from error
