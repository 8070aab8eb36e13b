"""Several channels seen together: what a model of more than one input channel looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.image import Image, take_along


@dataclass(frozen=True, eq=False)
class ChannelStack:
    """Grey images of one shape that are looked at together; `grey` is what a model of one channel sees instead.

    `rgb` is whether they are red, green and blue of an image in colour, and not stains or the like.
    Shape, axes, scale and name are those of a single one, because labels have no channels. A plane is (C, Y, X).
    """

    parts: tuple[Image, ...]
    grey: Image
    rgb: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.grey.shape

    @property
    def axes(self) -> str:
        return self.grey.axes

    @property
    def name(self) -> str:
        return self.grey.name

    @property
    def scale(self) -> Mapping[str, float]:
        return self.grey.scale

    @property
    def is_grey(self) -> bool:
        """Whether labels have the shape of it, which is so."""
        return True

    def plane(self, index: tuple[int, ...] = ()) -> npt.NDArray[Any]:
        """Pixels (C, Y, X), in memory, at `index` along the other axes."""
        return self.part(index, (slice(None), slice(None)))

    def part(self, index: tuple[int, ...], region: tuple[slice, slice]) -> npt.NDArray[Any]:
        """As `plane`, of rows and columns `region` alone."""
        return np.stack([part.part(index, region) for part in self.parts])


ModelInput = Image | ChannelStack
"""What goes into a model: one grey image, or several."""


def change_channels(image: ModelInput, change: Callable[[Image], Image]) -> ModelInput:
    """`image` with each of its channels, and what a model of one channel sees instead, changed alike."""
    if isinstance(image, ChannelStack):
        return ChannelStack(tuple(change(part) for part in image.parts), change(image.grey), image.rgb)
    return change(image)


def count_channels(image: ModelInput) -> int:
    """How many channels a model can see: those of an image, 3 of RGB (alpha does not count)."""
    if isinstance(image, ChannelStack):
        return len(image.parts)
    if image.sizes.get("S", 1) >= 3:
        return 3
    return image.sizes.get("C", 1)


def is_rgb(image: ModelInput) -> bool:
    """Whether `image` is in colour: its channels are red, green and blue."""
    return image.rgb if isinstance(image, ChannelStack) else image.sizes.get("S", 1) >= 3


def grey_input(image: ModelInput) -> Image:
    """What a model of one channel sees of `image`."""
    return image.grey if isinstance(image, ChannelStack) else image


def model_input(image: ModelInput, n_channels: int | Sequence[int], channel: int | None = None) -> ModelInput:
    """What a model of `n_channels` sees of `image`: all of its channels, or the one chosen (None: the first).

    Of a model with several kinds give all their numbers, the most first: the first that fits is taken.

    Raises
    ------
    UserError
        If the image has another number of channels than the model wants.
    """
    if not isinstance(n_channels, int):
        count = count_channels(image)
        fallback = 1 if 1 in n_channels else n_channels[0]
        return model_input(image, count if count in n_channels else fallback, channel)
    if isinstance(image, ChannelStack):
        if n_channels == 1:
            return image.grey
    elif n_channels == 1:
        return image if image.is_grey else image.select_channel(channel)
    count = count_channels(image)
    if count != n_channels:
        has = "1 channel" if count == 1 else f"{count} channels"
        raise UserError(
            f"The model looks at {n_channels} channels together, and {image.name} has {has}: choose a model that was "
            "made for such images, or an image with as many channels."
        )
    return image if isinstance(image, ChannelStack) else stack_channels(image, channel)


def stack_channels(image: Image, channel: int | None = None) -> ModelInput:
    """All channels of `image` together; an image that has but one, as it is. `channel` is the one seen as grey."""
    grey = image.select_channel(channel)
    count = count_channels(image)
    if count == 1:
        return grey
    rgb = is_rgb(image)
    if rgb:
        parts = [_sample(image, sample).select_channel(channel) for sample in range(count)]
    else:
        parts = [image.select_channel(number) for number in range(count)]
    return ChannelStack(tuple(parts), grey, rgb)


def _sample(image: Image, sample: int) -> Image:
    """One of the colours of an RGB image."""
    data = take_along(image.data, image.axes.index("S"), sample)
    return replace(image, data=data, axes=image.axes.replace("S", ""))
