"""A BioImage.IO package with an ONNX network of another program: taken, and tried on its own test."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from napari_unet.errors import UserError, require
from napari_unet.images.normalization import ChannelLimits, measure_limits, normalize
from napari_unet.labels.types import Array, Floats
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.foreign import AnswerStep, ForeignGraph
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.foreign_tiles import ForeignTiles
from napari_unet.workflows.sharing.foreign_description import describe_foreign

_AGREES = 0.02  # of the range of the package's own answer may ours differ from it
_NEARLY_ALL = 0.99  # of the pixels
_LARGEST = 2**31  # bytes


def read_foreign(archive: zipfile.ZipFile, told: dict[str, Any], file: str) -> Model:
    """The model in a package whose weights are ONNX. No Python of the package is read, and none runs.

    Raises
    ------
    UserError
        If what the description says cannot be followed, or the network does not answer as the package says.
    """
    try:
        record = describe_foreign(told, file)
        entry = told["weights"]["onnx"]
        payload = _read(archive, str(entry["source"]), file)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"The description in {file} is incomplete ({error}); get the package again.") from error
    expected, found = entry.get("sha256"), hashlib.sha256(payload).hexdigest()
    require(
        expected in (None, "", found),
        f"The network in {file} is not the one that its description is of; get the package again.",
    )
    foreign = _foreign(record).model_copy(update={"sha256": found})
    record = record.model_copy(update={"foreign": foreign})
    return _tried(Model(ForeignGraph(payload, foreign), record), archive, told, file)


def _foreign(record: ModelRecord) -> Any:
    assert record.foreign is not None
    return record.foreign


def _read(archive: zipfile.ZipFile, source: str, file: str) -> bytes:
    name = str(PurePosixPath(source))
    require(name in archive.namelist(), f"{file} does not hold {source}: get a package with all its files.")
    require(archive.getinfo(name).file_size < _LARGEST, f"{source} in {file} is too large.")
    return archive.read(name)


def _tried(model: Model, archive: zipfile.ZipFile, told: dict[str, Any], file: str) -> Model:
    """`model`, after it answered an image: as the package says, where it comes with test arrays."""
    record = model.record
    foreign = _foreign(record)
    shown, expected = (_array(archive, told, which, foreign_axes, file) for which, foreign_axes in
                       (("inputs", foreign.input_axes), ("outputs", foreign.output_axes)))  # fmt: skip
    if shown is None:
        size = [max(64, least) for least in foreign.smallest]
        shown, expected = np.zeros((1, record.architecture.in_channels, *size), np.float32), None
    said = _answer(model, shown, file)
    require(
        expected is None or (said.shape == expected.shape and _agree(said, expected)),
        f"The network in {file} answers its own test with other numbers than the package says, as it is read here: use "
        "it in the program that it was made with.",
    )
    require(
        said.shape[1] >= foreign.least_channels(record.architecture.out_channels),
        f"The network in {file} answers with {said.shape[1]} channels, and its description names more.",
    )
    if foreign.reading == "classes" and not _are_probabilities(said):
        foreign = foreign.model_copy(update={"answer": (*foreign.answer, AnswerStep(name="softmax"))})
        record = record.model_copy(update={"foreign": foreign})
        return replace(model, body=ForeignGraph(_payload(model), foreign), record=record)
    return model


def _payload(model: Model) -> bytes:
    assert isinstance(model.body, ForeignGraph)
    return model.body.payload


def _answer(model: Model, shown: Array, file: str) -> Floats:
    """(N, C, Y, X) grey values -> what the package says its answer is."""
    config = model.record.normalization
    assert isinstance(model.body, ForeignGraph)
    seen = [
        normalize(one, ChannelLimits(tuple(measure_limits(channel, config) for channel in one)), config)
        for one in shown
    ]
    try:
        return ForeignTiles(model.body, Engine()).answer(np.stack(seen))
    except UserError:
        raise
    except Exception as error:  # of ONNX Runtime, for what is wrong with the network
        text = str(error).strip().splitlines()
        raise UserError(f"The network in {file} does not run ({text[0] if text else error!r}).") from error


def _array(archive: zipfile.ZipFile, told: dict[str, Any], which: str, axes: str, file: str) -> Array | None:
    """A test array as (N, C, Y, X); None if the package has none."""
    tensor = told[which][0].get("test_tensor") or (told.get(f"test_{which}") or [None])[0]
    source = tensor.get("source") if isinstance(tensor, dict) else tensor
    if not isinstance(source, str) or str(PurePosixPath(source)) not in archive.namelist():
        return None
    try:
        found: Array = np.load(io.BytesIO(_read(archive, source, file)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UserError(f"{source} in {file} is no array; get the package again.") from error
    if found.ndim != len(axes):
        return None
    if "c" not in axes:
        found, axes = found[..., None], axes + "c"
    return found.transpose(*(axes.index(axis) for axis in "bcyx"))


def _agree(said: Floats, expected: Array) -> bool:
    expected = expected.astype(np.float32)
    span = max(float(np.ptp(expected)), 1e-6)
    return bool(np.mean(np.abs(said - expected) <= _AGREES * span) >= _NEARLY_ALL)


def _are_probabilities(said: Floats) -> bool:
    return bool(said.min() >= -1e-3 and np.allclose(said.sum(axis=1), 1, atol=0.02))
