"""Measuring all objects of a label image, in 2D, 3D and time, a tile at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.axes import format_shape
from napari_unet.images.channels import ChannelStack, stack_channels
from napari_unet.images.image import Image
from napari_unet.images.units import LENGTH_UNIT, NO_UNIT, SHORT_UNITS
from napari_unet.results.measurements.columns import BY_NAME, Column, choose_columns, spread_names, unit_text
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.facts import Facts
from napari_unet.results.measurements.gathering import Gatherer
from napari_unet.results.measurements.properties.company import Contacts, LargestOverlap
from napari_unet.results.measurements.properties.form import Form
from napari_unet.results.measurements.properties.hulls import Hulls
from napari_unet.results.measurements.properties.intensities import Intensities
from napari_unet.results.measurements.properties.outline_length import Perimeters
from napari_unet.results.measurements.properties.solids import measure_solids
from napari_unet.results.measurements.tiles import read_tiles


@dataclass(frozen=True)
class TileMeasured:
    """A tile of a frame is done."""

    done: int
    total: int
    frame: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Source:
    """What is measured: `labels` with the channels, and other label images, of the same shape."""

    labels: Image
    channels: tuple[Image, ...]
    others: dict[str, Image]


def measure_objects(
    labels: Image,
    image: Image | None = None,
    config: MeasureConfig | None = None,
    *,
    parents: Image | None = None,
    classes: Image | None = None,
) -> pd.DataFrame:
    """A table of all objects of `labels`: a row an object (and frame), sorted by frame and id.

    Parameters
    ----------
    labels : Image
        Integers with axes of TZYX, 0 = background; in memory or lazy.
    image : Image, optional
        The image they belong to, of the same shape but for its channels: for intensities and the pixel size.
    parents, classes : Image, optional
        Other label images of the shape of `labels`: larger objects that hold them, and values of classes.

    Returns
    -------
    DataFrame
        The columns of `config` that apply, with `label`, before it `t` and `z` where there are frames (or slices on
        their own), and `unit` ("um" or "px"), in which lengths are; areas are in its square, volumes in its cube.
        ``attrs["units"]`` has the unit of each column.

    Raises
    ------
    UserError
        If shapes disagree, a column is unknown, or labels are no labels.
    """
    return drain(measure_steps(labels, image, config, parents=parents, classes=classes))


def measure_steps(
    labels: Image,
    image: Image | None = None,
    config: MeasureConfig | None = None,
    *,
    parents: Image | None = None,
    classes: Image | None = None,
    stop: StopFlag | None = None,
) -> Iterator[TileMeasured | Finished[pd.DataFrame]]:
    """As `measure_objects`, an event a tile. Stopping keeps the frames that are done."""
    chosen, flag = config or MeasureConfig(), stop or StopFlag()
    source = _source(labels, image, {"parent": parents, "class": classes})
    space = _space(source.labels, chosen.slices)
    leading = source.labels.axes.removesuffix(space)
    like = source.labels if image is None else image
    spacing, unit = pixel_size(like, space)
    columns = _applicable(choose_columns(chosen.columns, len(space)), source, chosen)
    tables = []
    for frame in np.ndindex(*source.labels.shape[: len(leading)]):
        facts = yield from _measure_frame(source, frame, columns, chosen, spacing, flag)
        if facts is None:
            break
        tables.append(_table(facts, columns, dict(zip(leading.lower(), frame, strict=True)), unit))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    table.attrs["units"] = _units(columns, unit, len(space), len(source.channels))
    yield Finished(table, flag.requested)


def pixel_size(image: Image, space: str) -> tuple[tuple[float, ...], str]:
    """Size of a pixel of `image` along the axes `space`, and its unit: micrometers if all are known, else pixels."""
    units = set(image.units_of(space))
    if units == {LENGTH_UNIT} and all(letter in image.scale for letter in space):
        return image.scale_of(space), SHORT_UNITS[LENGTH_UNIT]
    if units == {NO_UNIT}:  # a scale without a unit still tells how voxels are stretched
        return image.scale_of(space), SHORT_UNITS[NO_UNIT]
    return (1.0,) * len(space), SHORT_UNITS[NO_UNIT]


def _space(labels: Image, slices: bool) -> str:
    return "ZYX" if "Z" in labels.axes and not slices else "YX"


def _source(labels: Image, image: Image | None, others: dict[str, Image | None]) -> _Source:
    """All that is measured together, in the order of axes T, Z, Y, X."""
    ordered = labels.select_channel()
    channels: tuple[Image, ...] = ()
    if image is not None:
        seen = stack_channels(image)
        channels = seen.parts if isinstance(seen, ChannelStack) else (seen,)
    given = {name: other.select_channel() for name, other in others.items() if other is not None}
    for other in (*channels[:1], *given.values()):
        if other.shape != ordered.shape:
            raise UserError(
                f"{ordered.name} is {format_shape(ordered.shape)} ({ordered.axes}) and {other.name} "
                f"{format_shape(other.shape)} ({other.axes}): they must agree."
            )
    return _Source(ordered, channels, given)


def _applicable(columns: list[Column], source: _Source, config: MeasureConfig) -> list[Column]:
    """Those of `columns` for which there is what they need; raises if one was asked for by name and cannot be."""
    needs: dict[str, tuple[bool, str]] = {
        name: (bool(source.channels), "an image") for name in BY_NAME if name.startswith("intensity_")
    }
    needs["parent"] = "parent" in source.others, "a second label image"
    needs["class"] = "class" in source.others, "an image of classes"
    needs["neighbors_within"] = config.neighbor_distance is not None, "a neighbour distance"
    for column in columns:
        there, what = needs.get(column.name, (True, ""))
        if not there and column.name in config.columns:
            raise UserError(f"The column {column.name} needs {what}: give one, or leave the column out.")
    return [column for column in columns if needs.get(column.name, (True, ""))[0]]


def _gatherers(
    columns: list[Column], source: _Source, spacing: tuple[float, ...]
) -> tuple[Form, list[Gatherer], list[Intensities]]:
    """What has to be gathered for `columns`."""
    names, ndim = {column.name for column in columns}, len(spacing)
    found: list[Gatherer] = []
    if names & {"perimeter", "circularity"}:
        found.append(Perimeters())
    if ndim == 2 and names & {"feret_diameter_max", "solidity"}:
        found.append(Hulls((spacing[0], spacing[1])))
    if "neighbors" in names:
        found.append(Contacts())
    found += [LargestOverlap(number, name) for number, name in enumerate(source.others) if name in names]
    wanted = {name.removeprefix("intensity_") for name in names if name.startswith("intensity_")}
    return Form(ndim), found, [Intensities(number, wanted) for number in range(len(source.channels))]


def _measure_frame(
    source: _Source,
    frame: tuple[int, ...],
    columns: list[Column],
    config: MeasureConfig,
    spacing: tuple[float, ...],
    stop: StopFlag,
) -> Generator[TileMeasured, None, Facts | None]:
    """Facts of one frame, or None if it was stopped."""
    form, gatherers, intensities = _gatherers(columns, source, spacing)
    labels, channels, others = (
        [part.data[frame] for part in parts] for parts in ((source.labels,), source.channels, source.others.values())
    )
    wanted = channels if any(column.name.startswith("intensity_") for column in columns) else []
    for done, total, tile in read_tiles(labels[0], wanted, others, config.tile_pixels):
        if stop.requested:
            return None
        for gatherer in (form, *gatherers, *(intensities if wanted else ())):
            gatherer.add(tile)
        yield TileMeasured(done, total, frame)
    objects = form.objects()
    found = dict(form.values(objects)) | {"label": objects}
    for gatherer in gatherers:
        found |= gatherer.values(objects)
    if len(spacing) == 3 and {column.name for column in columns} & {"feret_diameter_max", "solidity"}:
        found |= measure_solids(labels[0], objects, found["box"].astype(np.int64), spacing)
    by_channel = tuple(channel.values(objects) for channel in intensities) if wanted else ()
    return Facts(found, by_channel, spacing, labels[0].shape, config.neighbor_distance)


def _table(facts: Facts, columns: Sequence[Column], index: dict[str, int], unit: str) -> pd.DataFrame:
    values: dict[str, Any] = dict(index)
    values |= {"label": facts.found["label"], "unit": unit}
    for column in columns:
        values |= facts.column(column)
    return pd.DataFrame(values, index=pd.RangeIndex(facts.found["label"].size))


def _units(columns: Sequence[Column], unit: str, ndim: int, n_channels: int) -> dict[str, str]:
    return {
        name: unit_text(column, unit, ndim) for column in columns for name in spread_names(column, ndim, n_channels)
    }
