"""Units of pixel sizes and time intervals: every format spells them differently, we keep two of them."""

from __future__ import annotations

import math

LENGTH_UNIT = "micrometer"
TIME_UNIT = "second"
NO_UNIT = "pixel"
SHORT_UNITS = {LENGTH_UNIT: "um", TIME_UNIT: "s", NO_UNIT: "px"}
"""As tables have them, which any program reads."""
SHOWN_UNITS = SHORT_UNITS | {LENGTH_UNIT: "\u00b5m"}
"""As people read them."""

_METRES = {
    "angstrom": 1e-10, "Å": 1e-10, "pm": 1e-12, "picometer": 1e-12,
    "nm": 1e-9, "nanometer": 1e-9, "nanometre": 1e-9,
    "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "micron": 1e-6, "microns": 1e-6, "micrometer": 1e-6, "micrometre": 1e-6,
    "mm": 1e-3, "millimeter": 1e-3, "millimetre": 1e-3,
    "cm": 1e-2, "centimeter": 1e-2, "centimetre": 1e-2,
    "m": 1.0, "meter": 1.0, "metre": 1.0,
    "in": 0.0254, "inch": 0.0254,
}  # fmt: skip
_SECONDS = {
    "ns": 1e-9, "nanosecond": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "microsecond": 1e-6,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3,
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0,
}  # fmt: skip


def to_standard(value: float, unit: str | None) -> tuple[float, str] | None:
    """`value` in micrometers or seconds with the name of that unit; None if it is no positive number.

    An unknown unit keeps the value and becomes "pixel".
    """
    if not math.isfinite(value) or value <= 0:
        return None
    name = _plain(unit)
    if name in _METRES:
        return _tidy(value * (_METRES[name] / 1e-6)), LENGTH_UNIT
    if name in _SECONDS:
        return _tidy(value * _SECONDS[name]), TIME_UNIT
    return _tidy(value), NO_UNIT


def _plain(unit: str | None) -> str:
    """`unit` as a key of the tables: ImageJ writes the micro sign as an escape, and some files capitals."""
    name = (unit or "").strip().replace("\\u00B5", "µ").replace("\\u00b5", "µ")
    return name if name in _METRES or name in _SECONDS else name.lower()


def _tidy(value: float) -> float:
    """`value` without the last digits, which unit factors and the rationals of TIFF tags make up."""
    return float(f"{value:.10g}")
