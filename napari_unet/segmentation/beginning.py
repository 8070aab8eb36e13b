"""What is known before the first tile: which kind answers, how large objects are, and whether slices become volumes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_unet.images.channels import ModelInput
from napari_unet.images.limits import volume_of
from napari_unet.images.view import Origin, View
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.model import Model
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated
from napari_unet.segmentation.kinds import KindChoice, choose_kind
from napari_unet.segmentation.plan import Plan, make_plan, plan_units
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.sizes.choice import NOTHING
from napari_unet.segmentation.sizes.other import with_other
from napari_unet.segmentation.sizes.viewer import Appearance
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.volumes.answer import choose_side_kind
from napari_unet.segmentation.volumes.choice import StackChoice, choose_stack, measure_flatness
from napari_unet.segmentation.volumes.forming import SideAnswer, by_volume
from napari_unet.segmentation.volumes.noise import average_voxels, averaging_width

_LOOKED_AT = (0.25, 0.5, 0.75)  # of the depth of a volume


@dataclass(frozen=True, eq=False)
class Begun:
    """What was `found` of the first unit and follows from that, and `maps` of it if they are done with that."""

    image: ModelInput
    predictor: Predictor
    plan: Plan
    maps: PlaneMaps | None
    found: Appearance
    stack: StackChoice | None
    sides: SideAnswer | None = None

    @property
    def as_volume(self) -> bool:
        """Whether slices are to become volumes."""
        return self.stack is not None and self.stack.as_volume


def begin_segmenting(
    image: ModelInput, model: Model, config: SegmentConfig, scope: Scope, current: PlaneIndex | None
) -> Begun:
    """Choose what answers, make it ready and look at the first unit; a noisy volume is looked at again, averaged."""
    begun = _look_at(image, model, config, scope, current)
    if not begun.as_volume or begun.plan.deep or begun.stack is None:
        return begun
    plan, flatness = begun.plan, begun.stack.flatness
    width = averaging_width(begun.image, plan.units[0][:-1], flatness, plan.diameter)
    if width:
        reason = f"{begun.stack.reason}; noisy, so neighbouring voxels are averaged"
        stack = replace(begun.stack, averaged=width, reason=reason)
        begun = _look_at(average_voxels(image, width, flatness), model, config, scope, current, stack)
    return begun if config.diameter is not None else _sized_by_three(begun)


def _sized_by_three(begun: Begun) -> Begun:
    """With the median of the sizes in three slices: in a single one objects may be few, or cut near their ends."""
    image, plan = begun.image, begun.plan
    *outer, z = plan.units[0]
    places = {round(part * (image.shape[-3] - 1)) for part in _LOOKED_AT} - {z}
    invert = "yes" if plan.view.inverted else "no"
    looks = [measure_appearance(image, begun.predictor, (*outer, one), None, invert) for one in sorted(places)]
    sizes = [plan.diameter, *(look.diameter for look in looks if look.conviction >= NOTHING)]
    view = replace(plan.view, diameter=float(np.median(sizes)))
    return replace(begun, plan=replace(plan, view=view), maps=None)


def _look_at(
    image: ModelInput, model: Model, config: SegmentConfig, scope: Scope, current: PlaneIndex | None,
    stack: StackChoice | None = None,
) -> Begun:  # fmt: skip
    """What is found in the first unit, and what follows from that; how a z-stack is segmented may have been chosen."""
    choice = choose_kind(
        image, model, config.kind, current or scope.index, config.engine, config.invert, config.diameter
    )
    units = plan_units(choice.image, choice.model, scope, current)
    predictor = Predictor(choice.model, config.engine, config.every_way)
    plan, found = look(choice, config, units, predictor)
    made = found.maps if config.tile is None and plan.factor == 1 else None
    if stack is None and (plan.deep or scope.kind != "plane"):
        stack = choose_stack(choice.image, plan.record, config.stack, plan.diameter)
    if stack is not None and stack.as_volume and not plan.deep:
        plan = replace(plan, units=by_volume(plan.units))
    sides = _answer_for_sides(image, model, choice, config, plan, stack)
    return Begun(choice.image, predictor, plan, made, replace(found, maps=None), stack, sides)


def _answer_for_sides(
    image: ModelInput, model: Model, choice: KindChoice, config: SegmentConfig, plan: Plan, stack: StackChoice | None
) -> SideAnswer | None:
    """Who looks at the side views of volumes, and how, if it is another kind of the model than for slices."""
    if stack is None or not stack.as_volume or not stack.sides or plan.deep:
        return None
    other = choose_side_kind(image, model, choice, stack.flatness, plan.units[0], config)
    if other is None:
        return None
    predictor = Predictor(other.model, config.engine, config.every_way)
    return SideAnswer(predictor, look(other, config, plan.units, predictor)[0])


def look(
    choice: KindChoice, config: SegmentConfig, units: tuple[PlaneIndex, ...], predictor: Predictor
) -> tuple[Plan, Appearance]:
    """Learn from the first unit what is not known of the image; its maps may be done with that."""
    image, record = choice.image, choice.model.record
    if choice.appearance is not None and not units[0]:
        found = choice.appearance  # of the one plane: it was looked at when the kind was chosen
    else:
        found = measure_appearance(image, predictor, units[0], config.diameter, config.invert)
        if choice.appearance is not None and found.looked:  # and what other kinds found, if the choice was close
            found = with_other(found, (*found.looked, *choice.appearance.looked))
    origin: Origin = "estimated" if config.diameter is None else "given"
    view = View(found.diameter, origin, found.inverted, config.thresholds, choice.name)
    if found.limits is not None and record.architecture.ndim == 2:
        limits = ((volume_of(image.axes, units[0]), found.limits),)
        view = replace(view, limits=limits, normalization=record.normalization)
    plan = make_plan(units, view, record, config)
    return (replace(plan, flatness=measure_flatness(image)[0]) if plan.deep else plan), found


def estimate_size(
    image: ModelInput, model: Model, config: SegmentConfig | None = None, plane: PlaneIndex | None = None
) -> Estimated:
    """How large the objects of `image` are, for who asks before segmenting it: what segmenting it by `config` takes.

    `plane` is the one on the screen (index over the axes before YX; None: the middle of a stack). An image in which
    nothing is found gets the model's own object size.
    """
    wanted = (config or SegmentConfig()).model_copy(update={"diameter": None})
    begun = begin_segmenting(image, model, wanted, Scope(), plane)
    return Estimated(begun.plan.view, len(begun.plan.units), stack=begun.stack, other=begun.found.other)
