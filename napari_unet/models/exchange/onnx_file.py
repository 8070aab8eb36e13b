"""Model files in ONNX: written for other programs, with our record in them, and read again if they are of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_unet import __version__
from napari_unet.errors import UserError
from napari_unet.models.exchange.onnx_graph import draw_network, import_onnx
from napari_unet.models.model import Model
from napari_unet.models.model_file import METADATA_KEY
from napari_unet.models.record import ModelRecord

SUFFIX = ".onnx"


def make_onnx(model: Model) -> bytes:
    """The file of one kind (the model's own), with its record."""
    onnx, alone = import_onnx(), model.alone
    drawn = draw_network(alone.network)
    drawn.producer_name, drawn.producer_version = "napari-unet-finetune", __version__
    onnx.helper.set_model_props(drawn, {METADATA_KEY: alone.record.model_dump_json()})
    return bytes(drawn.SerializeToString())


def read_onnx(path: str | Path) -> Model:
    """The model in an ONNX file that this program wrote: network, weights and record. Runs nothing that is in it.

    Raises
    ------
    UserError
        If it is no ONNX file, or not one of ours, or was changed since.
    """
    path = Path(path)
    onnx = import_onnx()
    try:
        found = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # protobuf's own error, of a module that moves
        raise UserError(f"{path.name} is damaged or no ONNX file; get it again.") from error
    record = _read_record(found, path)
    try:
        network = _network_of(onnx, found, record)
    except (RuntimeError, ValueError, KeyError) as error:
        raise UserError(f"The weights in {path.name} do not fit its description; get it again.") from error
    if list(draw_network(network).graph.node) != list(found.graph.node):
        raise UserError(f"{path.name} computes something else than it says; only files of this program can be taken.")
    return Model(network, record)


def _read_record(found: Any, path: Path) -> ModelRecord:
    texts = {one.key: one.value for one in found.metadata_props}
    if METADATA_KEY not in texts:
        raise UserError(
            f"{path.name} is a network of another program, and does not say how images are to be shown to it: take its "
            "BioImage.IO package (.zip), which does."
        )
    try:
        return ModelRecord.model_validate_json(texts[METADATA_KEY])
    except ValidationError as error:
        raise UserError(f"{path.name} describes a model that this version cannot read; update the program.") from error


def _network_of(onnx: Any, found: Any, record: ModelRecord) -> Any:
    import torch

    from napari_unet.models.unet import UNet

    network = UNet(record.architecture)
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in found.graph.initializer}
    state = network.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):  # counts what was seen in training: no part of the function
            state[name] = torch.from_numpy(arrays[name].copy()).to(value.dtype)
    network.load_state_dict(state)
    return network.eval()
