"""How long a scale bar is, and what stands beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SHARE = 0.25
_STEPS = (5.0, 2.0, 1.0)


@dataclass(frozen=True)
class ScaleBar:
    """A length, and the words for it."""

    length_um: float
    text: str


def choose_bar(width_um: float) -> ScaleBar | None:
    """The longest bar of 1, 2 or 5 times a power of ten within a quarter of a picture that is `width_um` wide.

    None if the width is no positive number.
    """
    if not math.isfinite(width_um) or width_um <= 0:
        return None
    most = _SHARE * width_um
    power = 10.0 ** math.floor(math.log10(most))
    length = next(step * power for step in _STEPS if step * power <= most * (1 + 1e-9))
    return ScaleBar(length, _words(length))


def _words(length_um: float) -> str:
    if length_um >= 1000:
        return f"{length_um / 1000:g} mm"
    return f"{length_um:g} \u00b5m" if length_um >= 1 else f"{length_um * 1000:g} nm"
