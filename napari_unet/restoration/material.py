"""What a network for restoration learns from: planes of images, alone or with what they are to become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.axes import format_shape
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import Limits, NormalizationConfig, measure_limits, normalize
from napari_unet.labels.types import Array, Floats
from napari_unet.models.record import GreyOutput, HoleName
from napari_unet.restoration.config import StructureName
from napari_unet.restoration.side_views import choose_blur, coarsen, voxel_ratio
from napari_unet.restoration.starts.base import base_of
from napari_unet.restoration.starts.enlarging import enlarge, shrink
from napari_unet.restoration.starts.linear_filters import fit_filters
from napari_unet.restoration.starts.smoothing import best_sigma, smooth
from napari_unet.restoration.tasks import RestorationTask, task_of

NORMALIZATION = NormalizationConfig(low=0.5, high=99.9, clip=20.0)
"""Nothing that is in the image is cut off."""
_MOST_PLANES = 24  # of a stack or film, evenly spread: more would not be seen in a minute
_FARTHEST = 24  # pixels by which pairs may be shifted against each other
_SATURATED = 0.01  # share of the pixels
_ALIKE = 0.1  # correlation below which two images show nothing in common


@dataclass(frozen=True, eq=False)
class Example:
    """`seen` (Y, X) normalized; `wanted` (factor Y, factor X), what the network is to say.

    `blind`: only where it is blind; `turned`: rows may as well be columns.
    """

    seen: Floats
    wanted: Floats
    blind: bool = False
    turned: bool = True


@dataclass(frozen=True, eq=False)
class ExampleSet:
    """`examples` with what their grey values mean; `notes` are sentences for the user."""

    examples: tuple[Example, ...]
    grey: GreyOutput
    notes: tuple[str, ...] = ()


def gather(
    images: Sequence[Image],
    wanted: Sequence[Image] | None,
    task: RestorationTask,
    structure: StructureName = "none",
    ratio: float = 0.0,
) -> ExampleSet:
    """What `images` (grey, axes out of "TZYX") teach, with what each is to become, or by themselves.

    Raises
    ------
    UserError
        If shapes disagree, pairs show nothing in common, the task needs pairs, or there is no z-stack that it needs.
    """
    if task.along_z:
        if wanted is not None:
            raise UserError("Voxels are made as long as wide from what the stack itself shows: leave the pairs out.")
        return _along_z(images, task, ratio)
    if wanted is None:
        if task.needs_pairs:
            raise UserError("To make one channel of another, pairs are needed: give the other channel, too (--clean).")
        return _alone(images, task, structure)
    notes = [*_saturation(images), *_saturation(wanted)]
    grey = _grey_of_pairs(images, wanted, task).model_copy(update={"dtype": wanted[0].dtype.name})
    examples: list[Example] = []
    for image, other in zip(images, wanted, strict=True):
        _check_pair(image, other, task.factor)
        for index in _planes(image):
            examples.append(_pair(image, other, index, grey, notes))
    if task.removes_noise:
        sigma = best_sigma([one.seen for one in examples], [one.wanted for one in examples], "none")
        grey = grey.model_copy(update={"sigma": sigma})
    return _taught(examples, grey, notes)


def _taught(examples: Sequence[Example], grey: GreyOutput, notes: Sequence[str] = ()) -> ExampleSet:
    """What is wanted as the network is to say it: of what it is added to, only what is missing."""
    if grey.residual:
        missing = _missing(examples, grey)
        if task_of(grey).filtered:
            kernels = fit_filters([one.seen for one in examples], missing, task_of(grey).factor, grey.hole)
            grey = grey.model_copy(update={"kernels": kernels})
            missing = _missing(examples, grey)
        spread = max(1e-4, float(np.sqrt(np.mean([np.mean(one**2) for one in missing]))))
        grey = grey.model_copy(update={"spread": spread})
        examples = [replace(one, wanted=rest / spread) for one, rest in zip(examples, missing, strict=True)]
    return ExampleSet(tuple(examples), grey, tuple(dict.fromkeys(notes)))


def _missing(examples: Sequence[Example], grey: GreyOutput) -> list[Floats]:
    """What the network is to add."""
    return [one.wanted - base_of(grey, one.seen) for one in examples]


def _saturation(images: Sequence[Image]) -> list[str]:
    """A sentence for each image of which much is as bright as its type of values can say."""
    told = []
    for image in images:
        pixels = image.plane(_planes(image)[0])
        if pixels.dtype.kind not in "ui":
            continue
        share = float(np.mean(pixels == pixels.max())) if pixels.max() > pixels.min() else 0.0
        if share > _SATURATED:
            told.append(
                f"{image.name} is saturated: {share:.1%} of its pixels have its highest value, and what was brighter "
                "there is not known."
            )
    return told


def _alone(images: Sequence[Image], task: RestorationTask, structure: StructureName) -> ExampleSet:
    seen = [_normalized(image, index) for image in images for index in _planes(image)]
    notes = _saturation(images)
    if task.removes_noise:
        hole: HoleName = "pixel" if structure == "none" else structure
        grey = GreyOutput(task=task.name, residual=True, hole=hole, sigma=best_sigma(seen, seen, hole))
        return _taught([Example(plane, plane, blind=True) for plane in seen], grey, notes)
    whole = [plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2] for plane in seen]
    return _taught([Example(shrink(plane), plane) for plane in whole], GreyOutput(task=task.name, residual=True), notes)


def _along_z(images: Sequence[Image], task: RestorationTask, wanted: float) -> ExampleSet:
    """Sharp planes, made as coarse as side views of the stacks are: along their rows, and once more along columns."""
    ratios = [voxel_ratio(image, wanted) for image in images]
    if max(ratios) > 1.1 * min(ratios):
        raise UserError("The voxels of these stacks differ in form: teach one network for each of them.")
    ratio = ratios[0]
    planes = [_normalized(image, index) for image in images for index in _planes(image)]
    planes = [way for plane in planes for way in (plane, np.ascontiguousarray(plane.T))]
    blur = choose_blur(planes, [side for image in images for side in _sides(image)], ratio)
    examples = []
    for plane in planes:
        seen = coarsen(plane, ratio, blur)
        examples.append(Example(seen, np.ascontiguousarray(plane[: len(seen)]), turned=False))
    grey = GreyOutput(task=task.name, residual=True, ratio=ratio, ratio_given=wanted > 0)
    told = f"Sharp planes were made {ratio:.2g} times as coarse along one axis (blur of {blur:g} slices) to learn from."
    return _taught(examples, grey, (told,))


def _sides(image: Image) -> list[Floats]:
    """Side views (Z, X) and (Z, Y) of the first stack, normalized, a few of each."""
    frame = (0,) * (image.ndim - 3)
    stack = np.stack([_normalized(image, (*frame, z)) for z in range(image.shape[-3])])
    some = [np.unique(np.linspace(0, size - 1, 8).round().astype(int)) for size in stack.shape[1:]]
    return [stack[:, y] for y in some[0]] + [stack[:, :, x] for x in some[1]]


def _grey_of_pairs(images: Sequence[Image], wanted: Sequence[Image], task: RestorationTask) -> GreyOutput:
    if not task.same_signal:
        measured = [measure_limits(other.data, NORMALIZATION) for other in wanted]
        low, high = min(one.low for one in measured), max(one.high for one in measured)
        return GreyOutput(task=task.name, limits=(low, high))
    # Pairs may differ in exposure: the output is in the units of what is wanted. Noise is smoothed away before that is
    # measured, or it would count as contrast.
    seen, target = _smoothed(images), _smoothed(wanted, shrunk=task.factor > 1)
    gain = float(target.std() / max(float(seen.std()), 1e-9))
    offset = float(target.mean() - gain * seen.mean())
    if 0.8 < gain < 1.25 and abs(float(target.mean() - seen.mean())) < 0.2 * seen.std():
        gain, offset = 1.0, 0.0  # the same units
    return GreyOutput(task=task.name, residual=True, gain=gain, offset=offset)


def _smoothed(images: Sequence[Image], shrunk: bool = False) -> Floats:
    """Grey values of one plane of each image without noise."""
    planes = [image.plane(_planes(image)[0]) for image in images]
    planes = [shrink(plane) for plane in planes] if shrunk else planes
    return np.concatenate([smooth(plane, 3.0, "none").ravel() for plane in planes])


def grey_limits(image: Image, index: tuple[int, ...]) -> Limits:
    """Grey values of the image that become 0 and 1."""
    found = volume_limits(image, index, NORMALIZATION)
    if not isinstance(found, Limits):
        raise TypeError("a grey image has limits of one channel")
    return found


def output_limits(grey: GreyOutput, limits: Limits) -> Limits:
    """Grey values that an output of 0 and 1 stands for, for an image of `limits`."""
    if grey.limits is not None:
        return Limits(*grey.limits)
    return Limits(grey.offset + grey.gain * limits.low, grey.offset + grey.gain * limits.high)


def _normalized(image: Image, index: tuple[int, ...]) -> Floats:
    return normalize(image.plane(index), grey_limits(image, index), NORMALIZATION)


def _planes(image: Image) -> list[tuple[int, ...]]:
    everything = list(np.ndindex(*image.shape[:-2]))
    chosen = np.unique(np.linspace(0, len(everything) - 1, min(len(everything), _MOST_PLANES)).round().astype(int))
    return [tuple(int(i) for i in everything[at]) for at in chosen]


def _check_pair(image: Image, other: Image, factor: int) -> None:
    expected = (*image.shape[:-2], image.shape[-2] * factor, image.shape[-1] * factor)
    if other.shape != expected:
        times = f", and {factor} times as large a side is needed" if factor > 1 else ": they must agree"
        raise UserError(
            f"{image.name} is {format_shape(image.shape)} and {other.name} {format_shape(other.shape)}{times}."
        )


def _pair(image: Image, other: Image, index: tuple[int, ...], grey: GreyOutput, notes: list[str]) -> Example:
    task, limits = task_of(grey), grey_limits(image, index)
    seen = normalize(image.plane(index), limits, NORMALIZATION)
    wanted = normalize(other.plane(index), output_limits(grey, limits), NORMALIZATION)
    fine = enlarge(seen) if task.factor > 1 else seen
    shift = _shift(fine, wanted, image.name, other.name, strict=task.same_signal)
    if shift != (0, 0):
        notes.append(
            f"{other.name} is shifted by {shift[0]} rows and {shift[1]} columns against {image.name}; this was mended."
        )
        seen, wanted = _moved(seen, wanted, shift, task.factor)
    return Example(seen, wanted)


def _shift(seen: Floats, wanted: Floats, name: str, other: str, strict: bool) -> tuple[int, int]:
    """Rows and columns by which `wanted` must be moved to lie on `seen`, by phase correlation."""
    from skimage.registration import phase_cross_correlation

    if not strict:
        return 0, 0  # another channel need not look alike
    found, _, _ = phase_cross_correlation(seen, wanted, normalization=None)
    y, x = int(found[0]), int(found[1])
    if max(abs(y), abs(x)) > _FARTHEST:
        y = x = 0
    here, there = _overlap(seen, (y, x), 1), _overlap(wanted, (y, x), -1)
    alike = float(np.corrcoef(here.ravel(), there.ravel())[0, 1]) if here.std() > 0 and there.std() > 0 else 1.0
    if alike < _ALIKE:
        raise UserError(f"{name} and {other} show nothing in common: check that they are of the same place.")
    return y, x


def _moved(seen: Floats, wanted: Floats, shift: tuple[int, int], factor: int) -> tuple[Floats, Floats]:
    """What both planes show, when `wanted` is moved by `shift`."""
    y, x = (round(by / factor) for by in shift)
    rest = (shift[0] - y * factor, shift[1] - x * factor)  # less than a pixel of what is seen
    seen, wanted = _overlap(seen, (y, x), 1), _overlap(wanted, (y * factor, x * factor), -1)
    if rest == (0, 0):
        return seen, wanted
    # What comes round at the border is left out.
    return seen[1:-1, 1:-1], np.roll(wanted, rest, (0, 1))[factor:-factor, factor:-factor]


def _overlap(plane: Array, shift: tuple[int, int], sign: int) -> Array:
    """The part of a plane that another one, moved by `shift`, covers (sign 1), or is covered by (-1)."""
    parts = tuple(
        slice(max(0, sign * by), size + min(0, sign * by)) for by, size in zip(shift, plane.shape, strict=True)
    )
    return plane[parts]
