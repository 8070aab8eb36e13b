"""What an image looks like to a network: how strongly each of its features answers, and how colourful it is.

Mean and standard deviation of every channel after each stage of the encoder and after the bridge, of one plane at most
512 pixels a side. Images of one kind lie close together in these numbers, and far from images of another kind.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch

from napari_unet.images.channels import ChannelStack, ModelInput, model_input
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import resample
from napari_unet.models.model import Model
from napari_unet.models.running.fused import fold_batch_norms
from napari_unet.models.unet import UNet, space_to_depth

Looks = npt.NDArray[np.float32]

_SIDE = 512  # pixels
_LARGEST = 8192  # pixels of a plane a side that are looked at, before they are shrunk
_AVERAGED = 4096  # pixels a side from which pixels are averaged first: to scale them all takes seconds
_CLIP = 10.0  # standard deviations: farther than far does not count
_FLOOR = 1e-3  # of a feature's mean: one that never changes says nothing of small changes
_ready: WeakKeyDictionary[UNet, UNet] = WeakKeyDictionary()


def can_look(model: Model) -> bool:
    """Whether images can be told apart by `model`: a padded network of planes."""
    return model.record.architecture.ndim == 2 and model.record.architecture.padding == "same"


@torch.inference_mode()
def measure_look(image: ModelInput, model: Model, plane: tuple[int, ...] = (), inverted: bool = False) -> Looks:
    """The look (features,) of one plane of `image` (index over the axes before YX; missing ones: the middle).

    If `inverted`, that of its negative.
    """
    network = _ready.get(model.network)
    if network is None:  # in float32 on the processor: the same numbers on every machine
        network = _ready[model.network] = fold_batch_norms(model.network).float().cpu()
    seen = model_input(image, model.record.architecture.in_channels)
    plane = (*plane, *(size // 2 for size in seen.shape[len(plane) : -2]))
    region = _middle(seen.shape[-2:])
    pixels = _averaged(seen.part(plane, region))
    limits = volume_limits(seen, plane, model.record.normalization, inverted)
    planes = normalize(pixels, limits, model.record.normalization).reshape(-1, *pixels.shape[-2:])
    x = torch.from_numpy(resample(planes, _shape(pixels.shape[-2:], network.config.pooling_factor)))[None]
    x, found = space_to_depth(x, network.config.stem), []
    for stage, pool in zip((*network.encoder, network.bridge), (torch.nn.Identity(), *network.pools), strict=True):
        x = stage(pool(x))
        found += [x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))]
    return np.append(torch.cat(found).numpy(), np.float32(_colourfulness(image, plane, region)))


def is_bright(image: ModelInput, model: Model, plane: tuple[int, ...] = ()) -> bool:
    """Whether most of a plane is nearer to white than to black, so that what is dark in it may be the objects."""
    seen = model_input(image, model.record.architecture.in_channels)
    plane = (*plane, *(size // 2 for size in seen.shape[len(plane) : -2]))
    limits = volume_limits(seen, plane, model.record.normalization)
    pixels = normalize(_averaged(seen.part(plane, _middle(seen.shape[-2:]))), limits, model.record.normalization)
    return bool(np.nanmedian(pixels) > 0.5)


def _shape(shape: tuple[int, ...], factor: int) -> tuple[int, int]:
    """At most `_SIDE` a side, in multiples of the pooling factor."""
    zoom = min(1.0, _SIDE / max(shape))
    rows, columns = (max(2 * factor, round(size * zoom / factor) * factor) for size in shape)
    return rows, columns


def _middle(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the middle of a plane that is too large to be read whole."""
    starts = [max(0, (size - _LARGEST) // 2) for size in shape]
    return slice(starts[0], starts[0] + _LARGEST), slice(starts[1], starts[1] + _LARGEST)


def _averaged(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`pixels` (..., Y, X), or of a large plane the means of squares that leave at least half of `_AVERAGED` a side."""
    rows, columns = pixels.shape[-2:]
    side = 2 * min(rows, columns) // _AVERAGED if max(rows, columns) > _AVERAGED else 1
    if side < 2:
        return pixels
    squares = pixels[..., : rows // side * side, : columns // side * side]
    squares = squares.reshape(*pixels.shape[:-2], rows // side, side, columns // side, side)
    means: npt.NDArray[Any] = squares.mean(axis=(-3, -1), dtype=np.float32)
    return means


def _colourfulness(image: ModelInput, plane: tuple[int, ...], region: tuple[slice, slice]) -> float:
    """How much channels that are seen together differ, as a share of the range of their grey values; 0 of one."""
    if isinstance(image, ChannelStack):
        parts: npt.NDArray[Any] = image.part(plane, region).astype(np.float32)
    elif image.sizes.get("S", 1) >= 3 and not image.shape[:-3]:
        parts = np.moveaxis(np.asarray(image.part((), region))[..., :3], -1, 0).astype(np.float32)
    else:
        return 0.0
    top = 255.0 if parts.max() <= 255 else float(parts.max())
    return float((parts.max(axis=0) - parts.min(axis=0)).mean() / top)


def look_distances(looks: Looks, kinds: list[Looks]) -> npt.NDArray[np.float64]:
    """How far each of `looks` (n, features) is from the nearest image of each of `kinds`: (n, kinds).

    In standard deviations of the last kind's images, of which the network was made; the mean over all features.
    """
    mean, spread = kinds[-1].mean(axis=0), kinds[-1].std(axis=0)
    spread = np.maximum(spread, np.maximum(_FLOOR * np.abs(mean), 1e-6))
    ours, theirs = (_standard(looks, mean, spread), [_standard(kind, mean, spread) for kind in kinds])
    return np.stack([_between(ours, kind).min(axis=1) for kind in theirs], axis=1)


def farness(looks: Looks, base: Looks) -> float:
    """How far images are from those of the base model: 1 is as far as these are from one another."""
    own = np.array([look_distances(one[None], [np.delete(base, i, 0)])[0, 0] for i, one in enumerate(base)])
    return float(np.median(look_distances(looks, [base])[:, 0]) / max(float(np.median(own)), 1e-6))


def _standard(looks: Looks, mean: Looks, spread: Looks) -> npt.NDArray[np.float64]:
    return np.clip((looks.astype(np.float64) - mean) / spread, -_CLIP, _CLIP)


def _between(some: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.stack([np.abs(others - one).mean(axis=1) for one in some])
