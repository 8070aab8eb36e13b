"""A network made ready to predict by what the engine says."""

from __future__ import annotations

from napari_unet.errors import require
from napari_unet.models.recorded.foreign import ForeignGraph
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.foreign_tiles import ForeignTiles
from napari_unet.models.running.tile_network import TileNetwork, TorchNetwork
from napari_unet.models.unet import UNet


def open_network(network: UNet | ForeignGraph, engine: Engine) -> TileNetwork:
    """`network` on `engine`, as a copy: training may go on in it.

    Raises
    ------
    UserError
        If the engine is not installed, or is asked for what it cannot do.
    """
    if isinstance(network, ForeignGraph):
        return ForeignTiles(network, engine)
    if engine.runtime in ("auto", "torch"):
        return TorchNetwork(network, engine)
    from napari_unet.models.running.other_runtimes import GraphNetwork, make_onnx_runtime, make_openvino

    require(
        engine.device in ("auto", "cpu") and engine.precision != "bfloat16",
        f"The engine {engine.runtime} computes on the processor in float32: leave device and precision at auto.",
    )
    return GraphNetwork(network, make_onnx_runtime if engine.runtime == "onnx" else make_openvino)
