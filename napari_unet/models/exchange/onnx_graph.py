"""A U-Net as an ONNX graph, drawn node by node: the layers are few, and torch's own exporter takes a minute for them.

Weights keep the names that they have in the network, so that a file of ours can become a network again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.unet import UNet, pooled

INPUT, OUTPUT = "image", "logits"
_OPSET, _OPSET_GROUP = 17, 21  # normalization by groups of channels came late
_IR_VERSION = 10  # what programs of 2024 read
_SPATIAL = {2: ("height", "width"), 3: ("depth", "height", "width")}


def draw_network(network: UNet) -> Any:
    """An `onnx.ModelProto`: "image" (batch, C, (Z,) Y, X) float32 -> "logits", of any size that `network` takes.

    Raises
    ------
    UserError
        If the package onnx is missing.
    """
    onnx = import_onnx()
    config, drawing = network.config, _Graph(network)
    drawing.rename(_draw_answer(drawing, _draw_body(drawing)), OUTPUT)
    sizes = _SPATIAL[config.ndim]
    made = sizes if config.padding == "same" else tuple(f"{size}_out" for size in sizes)
    value = onnx.helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        drawing.nodes,
        "unet",
        [value(INPUT, float32, ["batch", config.in_channels, *sizes])],
        [value(OUTPUT, float32, ["batch", config.out_channels, *made])],
        [onnx.numpy_helper.from_array(values, name) for name, values in drawing.constants.items()],
    )
    opsets = [onnx.helper.make_opsetid("", opset_of(config))]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def opset_of(config: UNetConfig) -> int:
    """The version of ONNX's operators that the graph needs."""
    return _OPSET_GROUP if config.normalization == "group" else _OPSET


def import_onnx() -> Any:
    """The package onnx; raises `UserError` if it is not installed."""
    try:
        import onnx
    except ImportError as error:
        raise UserError(
            "ONNX files need the package onnx: install it with pip install 'napari-unet-finetune[exchange]'."
        ) from error
    return onnx


class _Graph:
    """The nodes as they are added, each called after what it makes, and the arrays that they read."""

    def __init__(self, network: UNet) -> None:
        self._make_node = import_onnx().helper.make_node
        self._weights = {key: value.detach().cpu().numpy() for key, value in network.state_dict().items()}
        self.config: UNetConfig = network.config
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(self._make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def rename(self, old: str, new: str) -> None:
        """Give what the last node makes another name."""
        assert list(self.nodes[-1].output) == [old]
        self.nodes[-1].output[0] = new

    def constant(self, name: str, values: Any) -> str:
        self.constants[name] = values
        return name

    def conv(self, x: str, name: str, kind: str = "Conv", **attributes: Any) -> str:
        inputs = [x, self._weight(f"{name}.weight")]
        if f"{name}.bias" in self._weights:
            inputs.append(self._weight(f"{name}.bias"))
        return self.add(kind, inputs, name, **attributes)

    def normalize(self, x: str, name: str) -> str:
        how = self.config.normalization
        if how == "none":
            return x
        inputs = [x, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]
        if how == "batch":
            inputs += [self._weight(f"{name}.running_mean"), self._weight(f"{name}.running_var")]
            return self.add("BatchNormalization", inputs, name, epsilon=1e-5)
        if how == "instance":
            return self.add("InstanceNormalization", inputs, name, epsilon=1e-5)
        groups = min(8, len(self._weights[f"{name}.weight"]))
        return self.add("GroupNormalization", inputs, name, epsilon=1e-5, num_groups=groups)

    def crop(self, x: str, name: str, margin: int) -> str:
        """`margin` pixels less at each end of the spatial axes."""
        if not margin:
            return x
        n = self.config.ndim
        bounds = [
            self.constant(f"{name}.{what}", np.array(values, np.int64))
            for what, values in (("start", [margin] * n), ("end", [-margin] * n), ("axes", range(2, 2 + n)))
        ]
        return self.add("Slice", [x, *bounds], name)

    def _weight(self, name: str) -> str:
        return self.constant(name, np.ascontiguousarray(self._weights[name], np.float32))


def _draw_body(drawing: _Graph) -> str:
    """Encoder, bridge and decoder; gives the name of what the final layer reads."""
    config = drawing.config
    skips: list[str] = []
    x = INPUT if config.stem == 1 else _draw_squares(drawing, INPUT, "together", "Conv", config.in_channels)
    for level in range(config.depth):
        x = _draw_stage(drawing, x, f"encoder.{level}", level)
        skips.append(x)
        twos = list(pooled(config, level))
        x = drawing.add("MaxPool", [x], f"encoder.{level}.pool", kernel_shape=twos, strides=twos)
    x = _draw_stage(drawing, x, "bridge", config.depth)
    lost = 4  # pixels of the size, by unpadded convolutions since the skip of this level
    for number in range(config.depth):
        level = config.depth - 1 - number
        x = _draw_up(drawing, x, f"up.{number}", level)
        skip = drawing.crop(skips.pop(), f"up.{number}.crop", 0 if config.padding == "same" else lost)
        lost = 2 * lost + 8
        x = drawing.add("Concat", [skip, x], f"up.{number}.joined", axis=1)
        x = _draw_stage(drawing, x, f"decoder.{number}", level)
    return x


def _draw_answer(drawing: _Graph, x: str) -> str:
    """The final layer's, at full size."""
    x, config = drawing.conv(x, "final"), drawing.config
    return x if config.stem == 1 else _draw_squares(drawing, x, "apart", "ConvTranspose", config.out_channels)


def _draw_squares(drawing: _Graph, x: str, name: str, kind: str, channels: int) -> str:
    """The pixels of a square as channels, or back again, for each of `channels` by itself.

    A convolution that picks one pixel: ONNX's own SpaceToDepth has channels in another order, and none is for volumes.
    """
    sides = [axis.stem for axis in drawing.config.axes]
    picks = np.eye(drawing.config.together, dtype=np.float32).reshape(-1, 1, *sides)
    weights = drawing.constant(f"{name}.weight", np.tile(picks, (channels, *[1] * (1 + len(sides)))))
    return drawing.add(kind, [x, weights], name, kernel_shape=sides, strides=sides, group=channels)


def _draw_stage(drawing: _Graph, x: str, name: str, level: int) -> str:
    config = drawing.config
    pad = [int(config.padding == "same" and axis.sees(level)) for axis in config.axes] * 2
    y = drawing.normalize(drawing.conv(x, f"{name}.conv1", pads=pad), f"{name}.norm1")
    y = drawing.add("Relu", [y], f"{name}.relu1")
    y = drawing.normalize(drawing.conv(y, f"{name}.conv2", pads=pad), f"{name}.norm2")
    if config.residual:
        near = drawing.crop(x, f"{name}.crop", 0 if config.padding == "same" else 2)
        y = drawing.add("Add", [y, drawing.conv(near, f"{name}.shortcut")], f"{name}.sum")
    return drawing.add("Relu", [y], f"{name}.relu2")


def _draw_up(drawing: _Graph, x: str, name: str, level: int) -> str:
    config, twos = drawing.config, list(pooled(drawing.config, level))
    if config.upsampling == "transposed":
        return drawing.conv(x, f"{name}.conv", "ConvTranspose", kernel_shape=twos, strides=twos)
    scales = drawing.constant(f"{name}.scales", np.array([1, 1, *twos], np.float32))
    x = drawing.add(
        "Resize", [x, "", scales], f"{name}.larger", mode="linear", coordinate_transformation_mode="half_pixel"
    )
    return drawing.conv(x, f"{name}.conv")
