"""How an image looks to the network: the size of its objects, and whether they are darker than their background.

Both are asked of the network itself: it looks at the middle of one plane at a few magnifications, and at its negative.
A model that was taught starts from the sizes that it was taught, and weighs them against what it finds.
"""

from __future__ import annotations

from dataclasses import replace

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, model_input
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.sizes.choice import NOTHING, best_as_taught, best_look
from napari_unet.segmentation.sizes.other import with_other
from napari_unet.segmentation.sizes.viewer import Appearance, Viewer

_NEGATIVE_FACTOR = 1.1  # how much more than the image its negative must convince: 1.05 to 1.6 where it is right


def measure_appearance(
    image: ModelInput,
    predictor: Predictor,
    plane: tuple[int, ...],
    diameter: float | None = None,
    invert: str = "auto",
    as_found: bool = False,
) -> Appearance:
    """Look at one plane (index over the axes before YX; missing ones: the middle) of a grey `image`.

    Parameters
    ----------
    diameter : float, optional
        Pixels, where it is known: then nothing is estimated.
    invert : str
        "no" or "yes" where it is known, or "auto": of an image that is mostly bright, the negative is taken if it
        convinces more.
    as_found : bool
        At a known diameter: what is found is wanted, with the size that it has, even if nothing else is to be known.
    """
    record = predictor.record
    blind = record.architecture.ndim == 3 and "Z" not in image.axes  # what is no stack it cannot see
    if not find_head(record).has_size or blind:
        return Appearance(diameter or record.diameter, invert == "yes")
    if diameter is not None and invert != "auto" and not as_found:
        return Appearance(diameter, invert == "yes")
    if len(plane) < len(image.shape) - 2:
        plane = (*plane, *(size // 2 for size in image.shape[len(plane) : -2]))
    viewer = Viewer(image, predictor, plane)
    if record.foreign is not None:  # nobody knows which sizes it was taught: images are shown to it as they are
        found = viewer.look(1.0, invert == "yes")
        return found if diameter is None or as_found else replace(found, diameter=diameter)
    if record.sizes is not None and diameter is None:  # taught kinds are taken as they were taught: never inverted
        return best_as_taught(viewer, record.sizes, invert == "yes")
    best = _best(viewer, diameter, invert == "yes")
    if invert == "auto" and viewer.is_bright():
        negative = _best(viewer, diameter, True)
        if negative.conviction > max(NOTHING, _NEGATIVE_FACTOR * best.conviction):
            best = negative
    if diameter is not None:
        return best if as_found else replace(best, diameter=diameter)
    return with_other(best, viewer.looked) if best.conviction >= NOTHING else replace(best, diameter=record.diameter)


def _best(viewer: Viewer, diameter: float | None, inverted: bool) -> Appearance:
    """What convinces most; at the `diameter`, if it is known."""
    if diameter is None:
        return best_look(viewer, inverted)
    return viewer.look(resampling_factor(viewer.record, diameter), inverted)


def decide_view(image: ModelInput, model: Model, config: SegmentConfig) -> View:
    """How to look at `image` by what `config` says; whether it is dark is found out by a look if that is "auto".

    A diameter that is not given stays unknown: who has labels knows it better than a look.
    """
    inverted = config.invert == "yes"
    if config.invert == "auto":
        seen = model_input(image, model.record.architecture.in_channels)
        inverted = measure_appearance(seen, Predictor(model, config.engine), (), config.diameter).inverted
    return View(config.diameter, "given", inverted, config.thresholds)
