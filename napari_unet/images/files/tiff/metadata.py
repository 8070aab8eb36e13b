"""Pixel size, time interval and channel names from the metadata of TIFF's dialects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import tifffile

from napari_unet.images.units import LENGTH_UNIT, to_standard

_SANE_UM = (1e-3, 20.0)  # outside, the resolution of a plain TIFF is a default for printing (20 um: 1270 dpi)


@dataclass
class TiffMetadata:
    """Scale and units by axis letter, and the names of channels."""

    scale: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()

    def put(self, axis: str, value: Any, unit: str | None) -> None:
        """Note the pixel size along `axis` if `value` is a sensible number."""
        try:
            standard = to_standard(float(value), unit)
        except (TypeError, ValueError):
            return
        if standard:
            self.scale[axis], self.units[axis] = standard


def tiff_metadata(tif: tifffile.TiffFile, series: Any) -> TiffMetadata:
    """What `tif` says about the pixels of `series`; damaged metadata counts as none."""
    if tif.is_ome and tif.ome_metadata:
        return _from_ome(tif.ome_metadata, tif.series.index(series))
    if tif.is_lsm and tif.lsm_metadata:
        return _from_lsm(tif.lsm_metadata)
    if tif.is_imagej and tif.imagej_metadata is not None:
        return _from_imagej(tif.imagej_metadata, series.keyframe)
    return _from_resolution(series.keyframe)


def _from_ome(xml: str, index: int) -> TiffMetadata:
    found = TiffMetadata()
    try:
        pixels = ElementTree.fromstring(xml).findall("{*}Image/{*}Pixels")[index]
    except (ElementTree.ParseError, IndexError):
        return found
    for axis in "XYZ":
        found.put(axis, pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", LENGTH_UNIT))
    found.put("T", pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    names = [channel.get("Name", "") for channel in pixels.findall("{*}Channel")]
    found.channel_names = tuple(names) if any(names) else ()
    return found


def _from_lsm(metadata: Mapping[str, Any]) -> TiffMetadata:
    found = TiffMetadata()
    for axis in "XYZ":
        found.put(axis, metadata.get(f"VoxelSize{axis}"), "m")
    found.put("T", metadata.get("TimeIntervall"), "s")
    colours = metadata.get("ChannelColors") or {}
    found.channel_names = tuple(str(name) for name in colours.get("ColorNames", ()))
    return found


def _from_imagej(metadata: Mapping[str, Any], page: Any) -> TiffMetadata:
    found = TiffMetadata()
    unit = metadata.get("unit") or metadata.get("yunit")
    if unit is None:
        found = _from_resolution(page)
    else:
        for axis in "XY":
            found.put(axis, _pixel_size(page, axis), str(metadata.get(f"{axis.lower()}unit") or unit))
    if found.units.get("X") == LENGTH_UNIT or metadata.get("spacing", 1) != 1:
        along_z = metadata.get("zunit") or unit  # named where it is another
        found.put("Z", metadata.get("spacing"), None if along_z is None else str(along_z))
    found.put("T", metadata.get("finterval"), str(metadata.get("tunit", "s")))
    return found


def _from_resolution(page: Any) -> TiffMetadata:
    """Pixel size from the resolution tags, if it can be one of a microscope."""
    found = TiffMetadata()
    tag = page.tags.get("ResolutionUnit")
    unit = {2: "inch", 3: "cm"}.get(int(tag.value) if tag is not None else 1)
    if unit is None:
        return found
    for axis in "XY":
        found.put(axis, _pixel_size(page, axis), unit)
    low, high = _SANE_UM
    return (
        found
        if len(found.scale) == 2 and all(low <= value <= high for value in found.scale.values())
        else TiffMetadata()
    )


def _pixel_size(page: Any, axis: str) -> float:
    """Inverse of the resolution tag along `axis`; NaN where there is none."""
    tag = page.tags.get(f"{axis}Resolution")
    if tag is None or not isinstance(tag.value, tuple) or 0 in tag.value[:2]:
        return math.nan
    numerator, denominator = tag.value[:2]
    return float(denominator / numerator)
