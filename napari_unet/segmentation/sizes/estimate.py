"""How large the objects of an image are, for who asks before segmenting it."""

from __future__ import annotations

from napari_unet.images.channels import ModelInput
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.predictor import Predictor


def estimate_diameter(
    image: ModelInput,
    model: Model,
    plane: tuple[int, ...] | None = None,
    engine: Engine = Engine(),
    invert: str = "auto",
) -> float:
    """Typical object diameter in pixels of a grey `image`, from one plane (index over the axes before YX).

    Without `plane` the middle one is taken; `invert` as in `SegmentConfig`. An image in which nothing is found gets the
    model's own object size.
    """
    choice = choose_kind(image, model, plane=plane or (), engine=engine, invert=invert)
    index = plane if plane is not None else tuple(size // 2 for size in choice.image.shape[:-2])
    return measure_appearance(choice.image, Predictor(choice.model, engine), index, None, invert).diameter
