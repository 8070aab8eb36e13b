"""Objects of a volume: its slices' maps are kept as they come, and once they are all there it is formed in 3D."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.segmentation.assembly import Formed, ImageAssembly
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.tile import TilePredictor
from napari_unet.segmentation.volumes.choice import StackChoice
from napari_unet.segmentation.volumes.events import SideDone
from napari_unet.segmentation.volumes.maps import VolumeMaps
from napari_unet.segmentation.volumes.sides import Sides


def by_volume(units: tuple[PlaneIndex, ...]) -> tuple[PlaneIndex, ...]:
    """The same planes, those of one volume after each other: maps of one volume at a time are held."""
    order = {volume: number for number, volume in enumerate(dict.fromkeys(unit[:-1] for unit in units))}
    return tuple(sorted(units, key=lambda unit: order[unit[:-1]]))


@dataclass(frozen=True, eq=False)
class SideAnswer:
    """What looks at side views, and the plan that it looks at them by, where it is not what looks at slices."""

    predictor: TilePredictor
    plan: Plan


class VolumeForming:
    """Makes volumes of slices where `choice` says so; else it does nothing.

    What was stopped before all of a volume was seen stays slice by slice.
    """

    def __init__(
        self,
        image: ModelInput,
        predictor: TilePredictor,
        choice: StackChoice | None,
        assembly: ImageAssembly,
        aside: Aside,
        sides: SideAnswer | None = None,
    ) -> None:
        self._sides = sides
        self._image, self._predictor, self._assembly, self._aside = image, predictor, assembly, aside
        self._choice = choice if choice is not None and choice.as_volume else None
        self._maps: VolumeMaps | None = None
        self._missing: set[int] = set()

    def take(self, unit: PlaneIndex, formed: Formed) -> None:
        """What was said of a slice; the first one of a volume begins it."""
        if self._choice is None:
            return
        if self._maps is None:
            self._maps = VolumeMaps(len(formed.probability), self._image.shape[-3:])
            self._missing = set(range(self._image.shape[-3]))
        self._maps.put_slice(unit[-1], formed.probability)
        self._missing.discard(unit[-1])

    def steps(self, plan: Plan, volume: PlaneIndex) -> Iterator[SideDone]:
        """Look at `volume` from its sides and form its objects, if all of its slices are there."""
        choice, maps = self._choice, self._maps
        if choice is None or maps is None or self._missing:
            return
        self._maps = None
        try:
            if choice.sides:
                answer = self._sides or SideAnswer(self._predictor, plan)
                sides = Sides(self._image, answer.predictor, answer.plan, volume, choice.flatness)
                yield from sides.look(maps, self._aside)
            formed = self._aside.do(lambda: _form(maps, plan, choice.flatness))
        except Stopped:
            return
        self._assembly.take_volume(volume, formed)


def _form(maps: VolumeMaps, plan: Plan, flatness: float) -> Formed:
    joined, record = find_head(plan.record).join_views(maps.slices, maps.sides(), plan.record)
    return Formed(joined, replace(plan, record=record).decode_volume(joined, flatness))
