"""The ONNX network of another program, run on tiles: what it is shown, and the maps that our heads know."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unet.errors import require
from napari_unet.labels.types import Array, Floats
from napari_unet.models.recorded.foreign import AnswerStep, ForeignGraph
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.tile_network import Region

_ORDER = "bcyx"
_HALO = 8  # a part of this of a network of one size overlaps the next one at each side


class ForeignTiles:
    """Runs a `ForeignGraph` in ONNX Runtime or OpenVINO; what it gives are probabilities already."""

    itemsize = 4

    def __init__(self, graph: ForeignGraph, engine: Engine) -> None:
        from napari_unet.models.running.other_runtimes import make_onnx_runtime, make_openvino, make_ready

        require(
            engine.runtime != "torch" and engine.device in ("auto", "cpu") and engine.precision != "bfloat16",
            "This model is an ONNX network of another program, which ONNX Runtime computes on the processor: leave "
            "engine, device and precision at auto.",
        )
        self._how = graph.how
        self._answer = make_ready(graph.payload, make_openvino if engine.runtime == "openvino" else make_onnx_runtime)

    def __call__(self, tiles: Floats, region: Region | None = None) -> Tensor:
        maps = self._read(self.answer(tiles))
        wanted: Any = (..., *(region or ()))
        return torch.from_numpy(np.ascontiguousarray(maps[wanted]))

    def answer(self, tiles: Floats) -> Floats:
        """(N, C, Y, X) scaled grey values -> (N, outputs, Y, X), with all that the package does with the answer."""
        how, values = self._how, np.asarray(tiles, np.float32)
        if how.clip is not None:
            values = np.clip(values, *how.clip)
        found: Array = self._run(values)
        for step in how.answer:
            found = _do(step, found)
        return found.astype(np.float32)

    def _run(self, values: Floats) -> Floats:
        """The answer for any size, what is missing being mirrored; in overlapping parts where there is one size."""
        shape = values.shape[-2:]
        sizes = [
            _fitting(size, *limits) for size, *limits in zip(shape, self._how.smallest, self._how.step, strict=True)
        ]
        missing = [(0, max(0, size - known)) for size, known in zip(sizes, shape, strict=True)]
        padded = np.pad(values, ((0, 0), (0, 0), *missing), mode="symmetric")
        if all(size == known for size, known in zip(sizes, padded.shape[-2:], strict=True)):
            found = self._ask(padded)
        else:
            found = self._in_parts(padded, (sizes[0], sizes[1]))
        return found[..., : shape[0], : shape[1]]

    def _in_parts(self, values: Floats, sizes: tuple[int, int]) -> Floats:
        spans = [_spans(total, size) for total, size in zip(values.shape[-2:], sizes, strict=True)]
        found: Floats | None = None
        for (rows, own_rows), (columns, own_columns) in product(*spans):
            part = self._ask(values[..., rows, columns])
            if found is None:
                found = np.zeros((*part.shape[:2], *values.shape[-2:]), np.float32)
            found[..., own_rows, own_columns] = part[..., _within(own_rows, rows), _within(own_columns, columns)]
        assert found is not None
        return found

    def _ask(self, values: Floats) -> Floats:
        axes = self._how.input_axes
        order = [_ORDER.index(axis) for axis in axes]
        shown = np.ascontiguousarray(values.transpose(*order, *(i for i in range(4) if i not in order))
                                     if len(axes) == 4 else values[:, 0])  # fmt: skip
        said = np.asarray(self._answer(shown), np.float32)
        axes = self._how.output_axes
        if said.ndim == 3 and len(axes) == 3:
            said, axes = said[:, None], "bcyx"
        require(said.ndim == 4, "The network answers with other axes than its package says: get another package.")
        said = said.transpose(*(axes.index(axis) for axis in _ORDER))
        require(
            said.shape[-2:] == values.shape[-2:],
            "The network answers with images of another size than it is shown, which is not supported: use the program "
            "that it was made with.",
        )
        return said

    def _read(self, said: Floats) -> Floats:
        """What the head of the record calls its maps."""
        how = self._how
        if how.reading == "classes":
            return said
        inside = said[:, how.inside : how.inside + 1]
        if how.reading == "one_class":
            return np.concatenate([1 - inside, inside], axis=1)
        if how.reading == "object":  # no more is known than what hangs together
            return np.concatenate([inside, np.ones_like(inside)], axis=1)
        boundary = said[:, how.boundary : how.boundary + 1]
        if how.reading == "object_boundary":
            return np.concatenate([inside, inside * (1 - boundary)], axis=1)
        return np.concatenate([inside + boundary, inside], axis=1)


def _do(step: AnswerStep, values: Array) -> Array:
    if step.name == "sigmoid":
        found: Array = 1 / (1 + np.exp(-np.clip(values, -80, 80)))
    elif step.name == "softmax":
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        found = powers / powers.sum(axis=1, keepdims=True)
    elif step.name == "binarize":
        found = (values > step.numbers[0]).astype(np.float32)
    elif step.name == "clip":
        low, high = step.numbers
        found = np.clip(values, low, high)
    else:
        found = values * step.numbers[0] + step.numbers[1]
    return found


def _fitting(size: int, smallest: int, step: int) -> int:
    """The smallest size that the network takes and `size` fits into; where it takes one only, that."""
    if step == 0:
        return smallest
    return smallest + max(0, -(-(size - smallest) // step)) * step


def _within(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)


def _spans(total: int, size: int) -> list[tuple[slice, slice]]:
    """Parts of `size` that cover `total`, each with what it answers for."""
    halo = size // _HALO
    starts = [*range(0, total - size, max(1, size - 2 * halo)), total - size]
    own = [0, *(start + halo for start in starts[1:]), total]
    return [(slice(start, start + size), slice(own[i], own[i + 1])) for i, start in enumerate(starts)]
