"""Whether several channels, or colours, tell the reviewed objects from the rest better than one does.

Asked of a linear fit, in a second: of what the model's last features say of the one channel, and of the grey values of
it, smoothed; and of the same with the grey values of all channels. Each image, or part of one, is told by a fit to the
others, so that more numbers are no advantage by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage, stats

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ChannelStack, count_channels, grey_input
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import pick_nearest, repeat_pixels, resample, resampled_shape
from napari_unet.labels.regions import middle_box
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor

_SIDE = 256  # pixels at the model's object size, of each image that is looked at
_IMAGES = 6
_PARTS = 2  # of an image where there is but one, to fit to one and ask of the other
_SMOOTHED = (1.0, 4.0)  # sigmas, pixels
_PIXELS = 4000  # of each image
_RIDGE = 1.0
_LESS_WRONG = 0.7  # of the pairs of pixels that one channel puts in the wrong order, all channels put wrong no more
_WORTH_IT = 0.005  # of all pairs, fewer

Sample = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]


def use_channels(images: Sequence[CorrectedImage], model: Model, channels: str = "auto") -> list[CorrectedImage]:
    """`images` as `model` is to learn from them: with all their channels, or with the one.

    `channels` as in `FinetuneConfig`; with "auto" a model of one channel gets all where these tell objects better.
    """
    counts = {count_channels(one.image) for one in images}
    if model.record.architecture.in_channels > 1 or channels == "all" or counts == {1}:
        return list(images)
    if channels == "auto" and len(counts) == 1 and shows_more(images, model):
        return list(images)
    return [replace(one, image=grey_input(one.image)) for one in images]


def shows_more(images: Sequence[CorrectedImage], model: Model) -> bool:
    """Whether all channels of `images` tell the reviewed objects surely better than the one does."""
    if not find_head(model.record).draws_objects or model.record.architecture.padding != "same":
        return False
    samples = [found for one in images[:_IMAGES] if (found := _sample(one, model)) is not None]
    if len(samples) < 2:
        samples = [part for sample in samples for part in _divided(sample)]
    if len(samples) < 2:
        return False
    one = _wrong([(grey, inside) for grey, _, inside in samples])
    every = _wrong([(np.hstack([grey, colour]), inside) for grey, colour, inside in samples])
    return every < _LESS_WRONG * one and one - every > _WORTH_IT


def _sample(one: CorrectedImage, model: Model) -> Sample | None:
    """Numbers of some reviewed pixels, of the one channel and of all, and whether each lies in an object."""
    if not isinstance(one.image, ChannelStack) or not (planes := list(one.planes())):
        return None
    index = max(planes, key=lambda plane: int(np.count_nonzero(one.reviewed[plane])))
    labels, reviewed = np.asarray(one.labels[index]), np.asarray(one.reviewed[index], bool)
    sizes = np.bincount(labels[reviewed])[1:]
    if not (sizes > 0).any() or not (reviewed & (labels == 0)).any():
        return None
    diameter = one.view.diameter or float(2 * np.sqrt(np.median(sizes[sizes > 0]) / np.pi))
    zoom = resampling_factor(model.record, diameter)
    box = middle_box(reviewed & (labels > 0), round(_SIDE / zoom))
    parts = [part.plane(index) for part in one.image.parts]
    limits = [
        volume_limits(part, index, model.record.normalization, one.view.inverted)
        for part in (one.image.grey, *one.image.parts)
    ]
    planes_ = [normalize(p, lim)[box] for p, lim in zip([one.image.grey.plane(index), *parts], limits, strict=True)]
    seen = resample(np.stack(planes_), resampled_shape(planes_[0].shape, zoom))
    inside, known = pick_nearest(labels[box] > 0, zoom), pick_nearest(reviewed[box], zoom)
    at = _drawn(known, inside)
    if not len(at):
        return None
    grey = np.concatenate([_last_features(seen[0], model), _smoothed(seen[:1])])
    colour = _smoothed(seen[1:])
    rows, columns = at.T
    return grey[:, rows, columns].T, colour[:, rows, columns].T, inside[rows, columns]


def _drawn(known: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Places (n, 2) of known pixels, as many in objects as beside them."""
    generator = np.random.default_rng(0)
    halves = [np.argwhere(known & inside), np.argwhere(known & ~inside)]
    n = min(_PIXELS // 2, *(len(half) for half in halves))
    return np.concatenate([half[generator.permutation(len(half))[:n]] for half in halves])


@torch.inference_mode()
def _last_features(plane: npt.NDArray[np.float32], model: Model) -> npt.NDArray[np.float32]:
    """What the network's last layer sees (features, Y, X) of a plane (Y, X)."""
    network, factor = model.network, model.record.architecture.pooling_factor
    padded = np.pad(plane, [(0, -size % factor) for size in plane.shape], mode="edge")
    kept: list[torch.Tensor] = []
    handle = network.final.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
    was, _ = network.training, network.eval()
    try:
        network(torch.from_numpy(padded)[None, None].to(next(network.parameters()).device))
    finally:
        handle.remove()
        network.train(was)
    fine = repeat_pixels(kept[0][0].float().cpu().numpy(), network.config.stem)
    return np.ascontiguousarray(fine[:, : plane.shape[0], : plane.shape[1]])


def _smoothed(planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.stack([ndimage.gaussian_filter(plane, sigma) for plane in planes for sigma in _SMOOTHED])


def _divided(sample: Sample) -> list[Sample]:
    """Parts of one image's numbers; they are in order of rows within each class."""
    order = np.arange(len(sample[2])) % _PARTS
    return [(sample[0][order == i], sample[1][order == i], sample[2][order == i]) for i in range(_PARTS)]


def _wrong(samples: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]]) -> float:
    """Of an object's pixel and another, how often the fit to the other samples takes them the wrong way round."""
    wrong = []
    for i, (numbers, inside) in enumerate(samples):
        others = [sample for j, sample in enumerate(samples) if j != i]
        x, y = np.vstack([n for n, _ in others]), np.concatenate([s for _, s in others])
        mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
        x, asked = (np.clip((v - mean) / spread, -10, 10) for v in (x, numbers))
        weights = np.linalg.solve(x.T @ x + _RIDGE * len(x) * 1e-3 * np.eye(x.shape[1]), x.T @ (y - y.mean()))
        value = asked @ weights
        right = stats.mannwhitneyu(value[inside], value[~inside]).statistic / max(1, inside.sum() * (~inside).sum())
        wrong.append(1.0 - float(right))
    return float(np.mean(wrong))
