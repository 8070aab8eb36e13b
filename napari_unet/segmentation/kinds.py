"""Which of the kinds of image that a model knows answers for an image: the one whose images it resembles.

A model that was taught carries the weights of the one that it came of beside its own, so that it forgets nothing. All
that predicts for a whole image asks here first, and goes on with the one kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_unet.images.channels import ModelInput, count_channels, is_rgb, model_input
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.looks import can_look, is_bright, look_distances, measure_look
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.sizes.choice import apart
from napari_unet.segmentation.sizes.other import with_other
from napari_unet.segmentation.sizes.viewer import Appearance

AUTO = "auto"
_CLOSE = 1.6  # times as far as the nearest: no farther is a close call, and a look at the image settles it

_SURER = 1.25  # times as sure has another to be as one that was taught, or sees colour, if images resemble that less
_OFF = 0.8  # of the logarithm: so far from a size that was given is what was found, that .6 of a conviction is left
# Read off brightfield at .8, 1 and 1.25 times the size of its nuclei, and other close calls, which stay as they were.
_ROUNDED = 0.05  # of the logarithm: as far is an estimate from itself, once it was written down


@dataclass(frozen=True, eq=False)
class KindChoice:
    """`model` is the kind that answers, alone; `image` is what it sees; `asked` is whether there was a choice.

    `appearance` is what that kind saw of the plane, where it had to be looked at for the choice, by what was said of
    the object size and of dark objects.
    """

    model: Model
    image: ModelInput
    asked: bool = False
    appearance: Appearance | None = None

    @property
    def name(self) -> str:
        return self.model.record.kind_name


def choose_kind(
    image: ModelInput, model: Model, wanted: str = AUTO, plane: tuple[int, ...] = (), engine: Engine = Engine(),
    invert: str = AUTO, diameter: float | None = None,
) -> KindChoice:  # fmt: skip
    """The kind of `model` that answers for `image`, by one plane of it (missing indices: the middle).

    `wanted` is the name of a kind, or "auto". Kinds that look at other channels than `image` has are left out, and
    those that look at volumes where it is none. `invert` and `diameter` are as in `SegmentConfig`: a kind is chosen for
    what it is going to see.

    Raises
    ------
    UserError
        If there is no kind of that name, or none that can look at such an image.
    """
    if not model.others:
        return KindChoice(model, model_input(image, model.record.architecture.in_channels))
    if wanted != AUTO:
        return _chosen(image, model.kind_called(wanted), asked=False)
    able = [kind for kind in model.kinds if can_see(kind, image)]
    if len(able) < 2:
        return _chosen(image, able[0] if able else model.alone, asked=True)
    near = nearest_kinds(image, model, able, plane, invert)
    if len(near) == 1:
        return _chosen(image, near[0], asked=True)
    kind, appearance = _surest(image, near, plane, engine, invert, diameter)
    return replace(_chosen(image, kind, asked=True), appearance=appearance)


def nearest_kinds(
    image: ModelInput, model: Model, able: list[Model], plane: tuple[int, ...] = (), invert: str = AUTO
) -> list[Model]:
    """Those of the kinds `able` whose images `image` resembles most, the nearest first; several in a close call.

    Kinds that were not taught see the negative where that is asked for, or if it may be what they know; the others are
    known by images as they are.
    """
    root = model.kinds[-1]
    if root.looks is None or not can_look(root) or any(kind.looks is None for kind in able):
        return able[:1]
    looks = [kind.looks for kind in able if kind.looks is not None]
    known = [*looks, root.looks]
    distances = look_distances(measure_look(image, root, plane)[None], known)[0, : len(able)]
    if invert == "yes" or (invert == AUTO and is_bright(image, root, plane)):
        negative = look_distances(measure_look(image, root, plane, inverted=True)[None], known)[0, : len(able)]
        untaught = np.array([kind.record.sizes is None for kind in able])
        seen = negative if invert == "yes" else np.minimum(distances, negative)
        distances = np.where(untaught, seen, distances)
    order = np.argsort(distances, kind="stable")
    return [able[int(i)] for i in order if distances[i] <= _CLOSE * distances[order[0]] + 1e-9]


def _surest(
    image: ModelInput, near: list[Model], plane: tuple[int, ...], engine: Engine, invert: str, diameter: float | None
) -> tuple[Model, Appearance]:  # fmt: skip
    """The kind that is surest of what it finds, and that.

    A nearest one that was taught, or that sees all channels where others see one, has to be outdone clearly. Kinds
    that were not taught are asked at several sizes and of the negative, so that one of these often convinces. Where a
    `diameter` was given, one counts the less, the farther from it what it finds there is in size: how sure it is there
    says less, for a network that sees parts of large objects at a small size is sure of these. At the size that would
    have been estimated the same kind answers as if none was given.
    """
    looking = [
        (model_input(image, kind.record.architecture.in_channels), Predictor(kind, engine), plane) for kind in near
    ]
    seen = [measure_appearance(*one, None, invert) for one in looking]
    sure = [one.conviction for one in seen]
    favoured = near[0].record.sizes is not None or near[0].record.architecture.in_channels > 1
    able = [0, *(i for i in range(1, len(near)) if not favoured or sure[i] > _SURER * sure[0])]
    best = max(able, key=lambda i: sure[i])
    if diameter is None:
        taught = near[best].record.sizes is not None
        looked = [look for one in seen for look in one.looked]
        return near[best], seen[best] if taught else with_other(seen[best], looked)
    there = {best: measure_appearance(*looking[best], diameter, invert, as_found=True)}
    if apart(seen[best].diameter, diameter) > _ROUNDED:
        there = {i: there.get(i) or measure_appearance(*looking[i], diameter, invert, as_found=True) for i in able}
        best = max(able, key=lambda i: sure[i] * _closeness(there[i].diameter, diameter))
    return near[best], replace(there[best], diameter=diameter)


def _closeness(found: float, given: float) -> float:
    """1 where what was found is of the size that was given, less the farther from it."""
    return float(np.exp(-((apart(found, given) / _OFF) ** 2) / 2))


def can_see(kind: Model, image: ModelInput) -> bool:
    """Whether `kind` looks at as many channels as `image` has, or at one; and `image` is a volume if it has to be.

    A kind of several channels that nobody taught is for colour: of other channels it cannot know what they show.
    """
    wanted = kind.record.architecture.in_channels
    if kind.record.architecture.ndim == 3 and "Z" not in image.axes:
        return False
    suits = kind.record.sizes is not None or is_rgb(image)
    return wanted == 1 or (count_channels(image) == wanted and suits)


def _chosen(image: ModelInput, kind: Model, asked: bool) -> KindChoice:
    return KindChoice(kind, model_input(image, kind.record.architecture.in_channels), asked)
