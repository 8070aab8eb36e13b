"""Whether a z-stack is segmented slice by slice or as a volume, and why, in a sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.images.units import NO_UNIT
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.config import StackName
from napari_unet.segmentation.tiles.memory import free_memory

IN_BLOCKS = "an image in blocks is seen one slice at a time"

_FEWEST_SLICES = 3
_THINNEST = 1.5  # slices that an object goes through: of fewer there is nothing to be seen from the side
_FLATTEST_SIDE = 24.0  # pixels, as the network sees them, that a side view is high at least
_BYTES_A_VOXEL, _SHARE = 48, 0.6  # what maps, labels and what they are formed of take, of the free memory


@dataclass(frozen=True)
class StackChoice:
    """How a z-stack is segmented, with the `reason` in a sentence.

    `flatness` is how many times as long along z as along y a voxel is; `sides` says whether side views help: of a stack
    of a few slices they show nothing. `averaged` is how wide (standard deviation in pixels) a noisy volume is averaged
    before it is looked at, 0 for others.
    """

    as_volume: bool
    reason: str
    flatness: float = 1.0
    sides: bool = False
    averaged: float = 0.0

    @property
    def words(self) -> str:
        """ "as a volume" or "slice by slice"."""
        return "as a volume" if self.as_volume else "slice by slice"


def choose_stack(
    image: ModelInput, record: ModelRecord, wanted: StackName = "auto", diameter: float | None = None
) -> StackChoice | None:
    """How to segment the z-stack(s) of `image`, whose objects have `diameter` pixels; None if it has no z.

    What is `wanted` is done where it is possible at all; "auto" takes what suits the stack.
    """
    if "Z" not in image.axes:
        return None
    flatness, known = measure_flatness(image)
    if record.architecture.ndim == 3:
        return StackChoice(True, "the model looks at volumes", flatness)
    depth = image.shape[-3]
    diameter = diameter or record.diameter
    sides = depth * flatness * min(1.0, record.diameter_range[1] / diameter) >= _FLATTEST_SIDE and depth > 2
    against = _against(image, record)
    if against is not None:
        return StackChoice(False, against, flatness)
    if wanted != "auto":
        return StackChoice(wanted == "volume", "as you chose", flatness, sides)
    through = diameter / flatness
    if depth < _FEWEST_SLICES:
        return StackChoice(False, f"a stack of {depth} slices shows too little from the side", flatness)
    if through < _THINNEST:
        reason = f"voxels are {flatness:.1f} times as long along z, so an object is in a single slice or two"
        return StackChoice(False, reason, flatness)
    reason = f"objects go through about {min(depth, max(2, round(through)))} of its {depth} slices"
    if not known:
        reason += ", if its voxels are cubes: its voxel size is not known"
    return StackChoice(True, reason, flatness, sides)


def measure_flatness(image: ModelInput) -> tuple[float, bool]:
    """How many times as long along z as along y a voxel is, and whether that is known; a cube if it is not.

    A layer whose scale was set for z alone has pixels of size 1 in its planes.
    """
    image = grey_input(image)
    depth, row = image.scale_of("ZY")
    if "Z" not in image.scale or depth <= 0 or row <= 0:
        return 1.0, False
    return depth / row, depth != row or image.units_of("Z") != (NO_UNIT,)


def _against(image: ModelInput, record: ModelRecord) -> str | None:
    """Why a stack cannot be segmented as a volume by a network of planes; None if it can."""
    head = find_head(record)
    if not head.draws_objects:
        return "classes are the same in either way"
    if math.prod(image.shape[-3:]) * _BYTES_A_VOXEL > _SHARE * free_memory():
        return "as a volume it is too large for the memory that is free"
    return None
