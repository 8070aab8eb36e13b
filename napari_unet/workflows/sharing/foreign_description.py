"""What a BioImage.IO description (0.4 or 0.5) says of a network of another program: how it is shown images, and what
its answer means. What cannot be followed is refused in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

from napari_unet.errors import UserError
from napari_unet.images.normalization import NormalizationConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.foreign import AnswerStep, ForeignNetwork, Reading

Told = dict[str, Any]
_AXES = {"batch": "b", "channel": "c", "time": "t", "index": "i"}
_BOUNDARIES = ("boundar", "border", "edge", "contour", "outline", "membrane")
_BACKGROUND = ("background", "bg")
_NO_CLIP = 1e4  # standard deviations, or ranges: nothing is cut off
_USUAL_DEPTH = 4


def describe_foreign(told: Told, file: str) -> ModelRecord:
    """The record of the model that the description of the package `file` is of; raises `UserError`."""
    try:
        [image], [answer] = told["inputs"], told["outputs"]
    except (KeyError, TypeError, ValueError):
        _refuse(file, "has not exactly one image as input and one as output")
    input_axes, output_axes = _axes(image, file), _axes(answer, file)
    scaling, clip = _scaling(_steps(image, "preprocessing"), _channels(image, input_axes), file)
    steps = _answer_steps(_steps(answer, "postprocessing"), file)
    names = _channel_names(answer, output_axes)
    reading, inside, boundary = _reading(names, steps, told, file)
    smallest, step = zip(*(_size(image, input_axes, axis, file) for axis in "yx"), strict=True)
    foreign = ForeignNetwork(
        input_axes=input_axes, output_axes=output_axes, smallest=smallest, step=step, clip=clip, answer=steps,
        reading=reading, inside=inside, boundary=boundary,
    )  # fmt: skip
    classes = reading in ("classes", "one_class")
    outputs = (names if reading == "classes" else ("background", names[0])) if classes else ("foreground", "distance")
    depth = min(6, max(1, math.ceil(math.log2(max(step))))) if max(step) > 1 else _USUAL_DEPTH
    return ModelRecord(
        name=str(told.get("name") or file)[:100],
        description=str(told.get("description") or "")[:500],
        architecture=UNetConfig(
            in_channels=_channels(image, input_axes), out_channels=len(outputs), depth=max(depth, _USUAL_DEPTH)
        ),
        task="semantic" if classes else "instances",
        outputs=outputs,
        class_names=outputs if classes else ("background", "object"),
        normalization=scaling,
        diameter_range=(1.0, 10_000.0),
        licence=str(told.get("license") or ""),
        foreign=foreign,
    )


def _refuse(file: str, why: str) -> NoReturn:
    raise UserError(
        f"The network in {file} {why}, which is not supported: use it in the program that it was made with."
    )


def _axes(tensor: Told, file: str) -> str:
    """Axes as letters out of "bcyx", with Y and X."""
    axes = tensor.get("axes")
    if not isinstance(axes, str):
        axes = "".join(_AXES.get(one.get("type"), str(one.get("id", "?"))) for one in axes or ())
    if not {"b", "y", "x"} <= set(axes) <= set("bcyx") or len(set(axes)) < len(axes):
        _refuse(file, f"has the axes {axes}: it does not look at single planes")
    return axes


def _axis(tensor: Told, axes: str, axis: str) -> Any:
    """What is said of one axis of format 0.5; None of 0.4."""
    said = tensor["axes"]
    return None if isinstance(said, str) else said[axes.index(axis)]


def _channels(tensor: Told, axes: str) -> int:
    if "c" not in axes:
        return 1
    said = _axis(tensor, axes, "c")
    if said is not None:
        return max(1, len(said.get("channel_names") or ("one",)))
    shape = tensor["shape"]
    return int((shape["min"] if isinstance(shape, dict) else shape)[axes.index("c")])


def _channel_names(tensor: Told, axes: str) -> tuple[str, ...]:
    """Names of the channels of the answer; "channel 1" where nothing is said (which format 0.4 cannot)."""
    said = _axis(tensor, axes, "c") if "c" in axes else {"channel_names": [tensor.get("id") or tensor.get("name")]}
    if said is not None:
        names = said.get("channel_names") or ()
        return tuple(str(name) for name in names) if len(names) > 1 else (str((*names, "object")[0]),)
    shape, at = tensor["shape"], axes.index("c")
    if isinstance(shape, dict):  # of a reference tensor, scaled and with twice the offset added
        count = round(float(shape["scale"][at] or 0) + 2 * float(shape["offset"][at]))
    else:
        count = int(shape[at])
    return tuple(f"channel {number}" for number in range(1, max(1, count) + 1))


def _size(tensor: Told, axes: str, axis: str, file: str) -> tuple[int, int]:
    """The smallest size along an axis and the step by which it grows; 0: it is the only one."""
    said = _axis(tensor, axes, axis)
    size = said.get("size") if said is not None else tensor["shape"]
    at = axes.index(axis)
    if isinstance(size, dict) and "min" in size:
        least, step = (size["min"], size["step"]) if said is not None else (size["min"][at], size["step"][at])
        return int(least), int(step)
    if isinstance(size, int):
        return size, 0
    if isinstance(size, Sequence) and not isinstance(size, str):
        return int(size[at]), 0
    if isinstance(size, dict) and size.get("axis_id") in ("x", "y") and axis == "x":
        return _size(tensor, axes, "y", file)
    _refuse(file, "does not say which sizes of images it takes")


def _steps(tensor: Told, which: str) -> list[tuple[str, Told]]:
    """Names and settings of what is done before or after, without conversions of type."""
    found = [(str(one.get("id") or one.get("name")), one.get("kwargs") or {}) for one in tensor.get(which) or ()]
    return [(name, given) for name, given in found if name != "ensure_dtype"]


def _scaling(
    steps: list[tuple[str, Told]], channels: int, file: str
) -> tuple[NormalizationConfig, tuple[float, float] | None]:
    """How grey values are scaled, and what they are clipped to then."""
    clip: tuple[float, float] | None = None
    scaling = NormalizationConfig(method="fixed", clip=_NO_CLIP)
    while (
        len(steps) > 1 and steps[0][0] == "scale_linear" and steps[1][0] in ("zero_mean_unit_variance", "scale_range")
    ):
        steps = steps[1:]  # which comes to the same with any scale before it
    for number, (name, given) in enumerate(steps):
        if name == "clip" and number == len(steps) - 1:
            clip = float(given["min"]), float(given["max"])
        elif number == 0 and (found := _scaled(name, given, channels)) is not None:
            scaling = found
        else:
            _refuse(file, f"wants its images prepared by {', '.join(step for step, _ in steps)}")
    return scaling, clip


def _scaled(name: str, given: Told, channels: int) -> NormalizationConfig | None:
    axes = given.get("axes")
    flat = "".join(str(axis)[0] for axis in axes) if axes else "c" if axes is None and name == "scale_range" else ""
    if given.get("mode") == "per_dataset" or given.get("reference_tensor") or ("c" in flat and channels > 1):
        return None
    if name == "scale_range":
        low, high = float(given.get("min_percentile", 0)), float(given.get("max_percentile", 100))
        fits = 0 <= low < 50 < high <= 100
        return NormalizationConfig(low=low, high=high, clip=_NO_CLIP) if fits else None
    if name == "zero_mean_unit_variance" and given.get("mode") != "fixed":
        return NormalizationConfig(method="mean", clip=_NO_CLIP)
    if name in ("zero_mean_unit_variance", "fixed_zero_mean_unit_variance"):
        mean, deviation = _number(given.get("mean")), _number(given.get("std"))
        if mean is None or not deviation:
            return None
        return NormalizationConfig(method="fixed", black=mean, white=mean + deviation, clip=_NO_CLIP)
    if name == "scale_linear":
        gain, offset = _number(given.get("gain", 1.0)), _number(given.get("offset", 0.0))
        if not gain or offset is None:
            return None
        return NormalizationConfig(method="fixed", black=-offset / gain, white=(1 - offset) / gain, clip=_NO_CLIP)
    return None


def _number(said: Any) -> float | None:
    """One number for all channels; None where they differ."""
    values = {float(value) for value in (said if isinstance(said, list) else [said]) if value is not None}
    return values.pop() if len(values) == 1 else None


def _answer_steps(steps: list[tuple[str, Told]], file: str) -> tuple[AnswerStep, ...]:
    found = []
    for name, given in steps:
        numbers: list[Any] = []
        if name == "binarize":
            numbers = [_number(given.get("threshold"))]
        elif name == "clip":
            numbers = [given.get("min"), given.get("max")]
        elif name == "scale_linear":
            numbers = [_number(given.get("gain", 1.0)), _number(given.get("offset", 0.0))]
        if name not in ("sigmoid", "softmax", "binarize", "clip", "scale_linear") or None in numbers:
            _refuse(file, f"wants its answer to be worked on by {name}")
        found.append(AnswerStep.model_validate({"name": name, "numbers": numbers}))
    return tuple(found)


def _reading(names: tuple[str, ...], steps: tuple[AnswerStep, ...], told: Told, file: str) -> tuple[Reading, int, int]:
    """What the channels are, and which of them is the objects, and which their boundaries."""
    boundaries = [i for i, name in enumerate(names) if any(word in name.lower() for word in _BOUNDARIES)]
    background = [i for i, name in enumerate(names) if name.lower() in _BACKGROUND]
    rest = [i for i in range(len(names)) if i not in boundaries + background]
    if len(names) == 1:
        return ("one_class" if boundaries else "object"), 0, 0
    if len(names) == 3 and len(boundaries) == len(background) == 1:
        return "interior_boundary", rest[0], boundaries[0]
    if len(names) > 2 or background or any(step.name == "softmax" for step in steps):
        return "classes", 0, 0
    if len(boundaries) == 1:
        return "object_boundary", rest[0], boundaries[0]
    said = f"{told.get('name')} {told.get('description')} {told.get('tags')}".lower()
    if all(name.startswith("channel") for name in names) and any(word in said for word in _BOUNDARIES):
        return "object_boundary", 0, 1
    _refuse(file, f"does not say what its outputs ({', '.join(names)}) are")
