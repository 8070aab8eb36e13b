"""An image and what its axes mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.axes import CANONICAL, check_axes, guess_axes, looks_rgb, order_axes
from napari_unet.images.lazy import is_lazy, lazy_array, read_at, take_from
from napari_unet.images.units import NO_UNIT, SHOWN_UNITS, TIME_UNIT

_LUMINANCE = (0.2125, 0.7154, 0.0721)  # weights of red, green and blue in ITU-R BT.709, as in scikit-image


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels (numpy, dask or zarr array, read lazily) with one letter an axis, from "TCZYXS" (S: RGB samples).

    `scale` and `units` are by axis letter; an axis that is missing has scale 1 and unit "pixel". Files are read with
    lengths in "micrometer" and time in "second". `notes` are sentences for the user about what was read. `assumed` are
    the letters of which the pixel size is not known and is taken from another. `stored_axes` are those of the file or
    array before anything was brought in order: what a person who corrects axes speaks of.
    """

    data: Any
    axes: str
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    name: str = "image"
    path: Path | None = None
    notes: tuple[str, ...] = ()
    assumed: str = ""
    stored_axes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", check_axes(self.axes, self.data.shape))
        if sorted(self.stored_axes) != sorted(self.axes):
            object.__setattr__(self, "stored_axes", self.axes)

    @classmethod
    def from_array(cls, data: Any, axes: str | None = None, name: str = "image") -> Image:
        """Image of an array (numpy, dask or zarr); without `axes` they are guessed from its shape."""
        if not hasattr(data, "shape"):
            data = np.asarray(data)
        return cls(data, axes or guess_axes(data.shape, looks_rgb(data.shape, data.dtype)), name=name)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(size) for size in self.data.shape)

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def sizes(self) -> dict[str, int]:
        """Length by axis letter."""
        return dict(zip(self.axes, self.shape, strict=True))

    @property
    def is_grey(self) -> bool:
        """Whether there is nothing but T, Z, Y and X, in this order, as segmentation needs it."""
        return self.axes == "".join(letter for letter in CANONICAL if letter in self.axes)

    def scale_of(self, axes: str) -> tuple[float, ...]:
        """Pixel size along each of `axes`; 1 where it is unknown."""
        return tuple(float(self.scale.get(letter, 1.0)) for letter in axes)

    def units_of(self, axes: str) -> tuple[str, ...]:
        """Unit of the pixel size along each of `axes`; "pixel" where it is unknown."""
        return tuple(self.units.get(letter, NO_UNIT) for letter in axes)

    def with_axes(self, axes: str) -> Image:
        """The same pixels, understood as `axes`. Pixel sizes stay with their letters."""
        checked = check_axes(axes, self.shape)
        names = self.channel_names if "C" in checked and self._channels(checked) == len(self.channel_names) else ()
        scale = {letter: value for letter, value in self.scale.items() if letter in checked}
        units = {letter: value for letter, value in self.units.items() if letter in checked}
        return replace(self, axes=checked, scale=scale, units=units, channel_names=names, stored_axes=checked)

    def with_channels_first(self) -> Image:
        """The same image, its channel axis moved to the front; nothing is read."""
        if "C" not in self.axes[1:]:
            return self
        at = self.axes.index("C")
        order = [at, *(i for i in range(self.ndim) if i != at)]
        return replace(self, data=self.data.transpose(order), axes="".join(self.axes[i] for i in order))

    def _channels(self, axes: str) -> int:
        return self.shape[axes.index("C")] if "C" in axes else 1

    def select_channel(self, channel: int | None = None) -> Image:
        """Grey image of one channel (None: the first), RGB as luminance in float32; axes in the order T, Z, Y, X.

        Nothing is read from disk that is read lazily.
        """
        count = self._channels(self.axes)
        chosen = 0 if channel is None else channel
        if not 0 <= chosen < count:
            has = "1 channel" if count == 1 else f"{count} channels"
            raise UserError(f"{self.name} has {has}, so there is no channel {chosen}: count channels from 0.")
        data, axes = _sliceable(self.data), self.axes
        if "C" in axes:
            data, axes = take_from(data, axes.index("C"), chosen), axes.replace("C", "")
        if "S" in axes:
            data, axes = _luminance(data, axes.index("S")), axes.replace("S", "")
        data, ordered = order_axes(data, axes)
        scale = {letter: value for letter, value in self.scale.items() if letter in ordered}
        units = {letter: value for letter, value in self.units.items() if letter in ordered}
        return replace(self, data=data, axes=ordered, scale=scale, units=units, channel_names=())

    def plane(self, index: tuple[int, ...] = ()) -> npt.NDArray[Any]:
        """Pixels (Y, X), in memory, at `index` along the other axes in their order ((Y, X, S) of an RGB image)."""
        return self.part(index, (slice(None), slice(None)))

    def part(self, index: tuple[int, ...], region: tuple[slice, slice]) -> npt.NDArray[Any]:
        """As `plane`, of rows and columns `region` alone: nothing else is read."""
        others = [letter for letter in self.axes if letter not in "YXS"]
        if len(index) != len(others):
            raise ValueError(f"index {index} does not fit axes {self.axes}")
        at = dict(zip((*others, "Y", "X"), (*index, *region), strict=True))
        values = self._read(tuple(at.get(letter, slice(None)) for letter in self.axes))
        left = [letter for letter in self.axes if letter in "YXS"]
        values = values.transpose([left.index(letter) for letter in "YXS" if letter in left])
        return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))

    def _read(self, index: tuple[Any, ...]) -> npt.NDArray[Any]:
        """Pixels in memory; lazy ones that are damaged show it only now, with any error of their reader."""
        try:
            return read_at(self.data, index)
        except (UserError, MemoryError):
            raise
        except Exception as error:
            if isinstance(self.data, np.ndarray):
                raise  # nothing was read: the index is wrong
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise UserError(
                f"{self.name} is damaged, a part of it cannot be read ({reason}): copy or save it again."
            ) from error

    def describe(self) -> str:
        """What this is, in one line: "z-stack, 30 slices, 1024 x 1024, 2 channels, uint16, 0.25 x 0.25 x 1 µm"."""
        sizes = self.sizes
        kinds = {"": "2D image", "Z": "z-stack", "T": "time-lapse", "TZ": "time-lapse of z-stacks"}
        parts = [kinds["".join(letter for letter in "TZ" if letter in sizes)]]
        parts += [f"{sizes[letter]} {word}" for letter, word in (("T", "frames"), ("Z", "slices")) if letter in sizes]
        parts.append(f"{sizes['X']} x {sizes['Y']}")
        if "S" in sizes:
            parts.append("RGB")
        if "C" in sizes:
            parts.append(f"{sizes['C']} channels")
        parts.append(self.dtype.name)
        parts += self._describe_scale()
        return ", ".join(parts)

    def _describe_scale(self) -> list[str]:
        """Pixel size with its unit, and the time interval; empty where they are unknown."""
        axes = [letter for letter in "XYZ" if letter in self.axes and letter in self.scale]
        if "X" not in axes:
            return []
        values, units = self.scale_of("".join(axes)), self.units_of("".join(axes))
        short = [SHOWN_UNITS.get(unit, unit) for unit in units]
        if len(set(short)) == 1:
            found = [" x ".join(f"{value:.4g}" for value in values) + f" {short[0]}"]
        else:
            found = [" x ".join(f"{value:.4g} {unit}" for value, unit in zip(values, short, strict=True))]
        if "T" in self.axes and self.units.get("T") == TIME_UNIT:
            found.append(f"every {self.scale['T']:.4g} s")
        return found


def _sliceable(data: Any) -> Any:
    """`data` as an array whose slices and transposes cost nothing: numpy as it is, zarr and others through dask."""
    return data if isinstance(data, np.ndarray) or is_lazy(data) else lazy_array(data)


def take_along(data: Any, axis: int, index: int) -> Any:
    """`data` at `index` of `axis`, which goes; nothing is read that is read lazily."""
    return take_from(_sliceable(data), axis, index)


def _luminance(data: Any, axis: int) -> Any:
    """Grey float32 of `data` with RGB, RGBA or grey + alpha samples along `axis`; lazy if `data` is."""
    if isinstance(data, np.memmap):
        data = lazy_array(data)
    samples = data.shape[axis]
    if samples < 3:
        return take_from(data, axis, 0).astype(np.float32)
    grey = take_from(data, axis, 0).astype(np.float32) * np.float32(_LUMINANCE[0])
    for sample in (1, 2):
        grey = grey + take_from(data, axis, sample).astype(np.float32) * np.float32(_LUMINANCE[sample])
    return grey
