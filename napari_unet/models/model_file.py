"""The model file: one `.safetensors`, weights as tensors and the record in its header. Opening one runs no code."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from napari_unet.errors import UserError
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.picture import NAME as PICTURE
from napari_unet.models.recorded.picture import is_picture, read_pictures
from napari_unet.models.recorded.shared import LOOKS, read_all_weights
from napari_unet.new_files import new_file

if TYPE_CHECKING:
    from torch import Tensor

    from napari_unet.models.model import Model

METADATA_KEY = "napari_unet"
_KIND = "kind."  # before the tensors of another kind: kind.0.final.weight
_ONNX = "onnx"  # the whole file of a network of another program
_LONGEST_HEADER = 100_000_000  # bytes; the safetensors format's own bound


def save_model(model: Model, path: str | Path, half: bool = False) -> Model:
    """Write `model` to a new file at `path`, at once or not at all, and return it with its path and hash.

    Parameters
    ----------
    half : bool
        Store weights as float16: half the size, for models that ship. The default keeps them as they are, unless
        the model knows several kinds of image.

    Raises
    ------
    UserError
        If the file exists (a model is never overwritten) or the folder cannot be written.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.exists():
        raise UserError(f"{path.name} exists already and a model is never overwritten: choose another name.")
    half = half or bool(model.others)  # several kinds in one file: each as those that ship
    tensors = _tensors(model, half)
    for number, kind in enumerate(model.others):
        tensors |= {f"{_KIND}{number}.{key}": value for key, value in _tensors(kind, half).items()}
    payload = save(tensors, metadata={METADATA_KEY: model.record.model_dump_json()})
    with new_file(path, sync=True) as partial:
        partial.write_bytes(payload)
    return dataclasses.replace(model, path=path, sha256=hashlib.sha256(payload).hexdigest())


def _tensors(kind: Model, half: bool) -> dict[str, Tensor]:
    """Weights of one kind, and its looks under their own name."""
    import torch

    from napari_unet.models.recorded.foreign import ForeignGraph

    if isinstance(kind.body, ForeignGraph):
        return {_ONNX: torch.frombuffer(bytearray(kind.body.payload), dtype=torch.uint8)}
    tensors = {}
    for key, value in kind.network.state_dict().items():
        value = value.detach().cpu().contiguous()
        tensors[key] = value.half() if half and value.is_floating_point() else value
    if kind.looks is not None:
        tensors[LOOKS] = torch.from_numpy(np.ascontiguousarray(kind.looks, np.float16))
    if kind.picture is not None:
        tensors[PICTURE] = torch.frombuffer(bytearray(kind.picture), dtype=torch.uint8)
    return tensors


def read_record(path: str | Path) -> ModelRecord:
    """The record in the header of a model file; reads no weights and needs no torch.

    Raises
    ------
    UserError
        If the file is missing, is no model file, or comes from a newer version.
    """
    path = Path(path)
    text = _read_metadata(path).get(METADATA_KEY)
    if text is None:
        raise UserError(f"{path.name} holds weights but not how to use them; it was not saved by this program.")
    try:
        return ModelRecord.model_validate_json(text)
    except ValidationError as error:
        raise UserError(
            f"{path.name} describes a model that this version cannot read ({error.errors()[0]['msg']}); "
            "update the program."
        ) from error


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(_LONGEST_HEADER, path.stat().st_size):
                raise ValueError("header longer than the file")
            header = json.loads(file.read(length))
            return dict(header.get("__metadata__", {}))
    except FileNotFoundError as error:
        raise UserError(f"There is no model file {path}; check the name.") from error
    except OSError as error:
        raise UserError(f"The model file {path} cannot be read ({error.strerror}).") from error
    except (struct.error, ValueError, AttributeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path.name} is not a model file; choose a .safetensors file saved by this program."
        ) from error


def load_model_file(path: str | Path) -> Model:
    """The model in the file at `path`, on the CPU in float32, ready to predict.

    Raises
    ------
    UserError
        As `read_record`, and if the weights do not fit the architecture that the header names.
    """
    from safetensors.torch import load

    path = Path(path)
    record = read_record(path)
    payload = read_all_weights(path)
    try:
        tensors = load(payload)
        others = [_model_of(one, _taken(tensors, f"{_KIND}{number}.")) for number, one in enumerate(record.kinds)]
        model = _model_of(record, tensors)
    except Exception as error:
        raise UserError(
            f"The weights in {path.name} are damaged or do not fit its description; get it again."
        ) from error
    return dataclasses.replace(model, sha256=hashlib.sha256(payload).hexdigest(), path=path, others=tuple(others))


def _taken(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors with `prefix`, which are taken out of `tensors`."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name[len(prefix) :]: tensors.pop(name) for name in names}


def _model_of(record: ModelRecord, tensors: dict[str, Tensor]) -> Model:
    """One kind, of its record and its tensors."""
    from napari_unet.models.model import Model
    from napari_unet.models.recorded.foreign import ForeignGraph
    from napari_unet.models.unet import UNet

    if record.foreign is not None:
        return Model(ForeignGraph(tensors[_ONNX].numpy().tobytes(), record.foreign), record)
    looks, picture = tensors.pop(LOOKS, None), tensors.pop(PICTURE, None)
    network = UNet(record.architecture)
    network.load_state_dict(tensors)
    network.eval()
    shown = None if picture is None else picture.numpy().tobytes()
    return Model(
        network,
        record,
        looks=None if looks is None else looks.float().numpy(),
        picture=shown if shown is not None and is_picture(shown) else None,
    )


def read_kind_pictures(path: Path, record: ModelRecord) -> list[tuple[str, bytes]]:
    """(Name of the kind, PNG) of each kind in the model file at `path` that has a picture; reads no weights."""
    prefixes = ("", *(f"{_KIND}{number}." for number in range(len(record.kinds))))
    found = zip(record.kind_names, read_pictures(path, prefixes), strict=True)
    return [(name, picture) for name, picture in found if picture is not None]


def file_hash(path: str | Path) -> str:
    """SHA-256 of the whole file at `path`, in hexadecimal: what a child model calls its parent."""
    return hashlib.sha256(read_all_weights(Path(path))).hexdigest()
