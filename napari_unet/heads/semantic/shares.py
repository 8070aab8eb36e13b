"""What there is to say of an image that was divided into classes. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from napari_unet.labels.ids import count_values


def value_shares(labels: npt.NDArray[Any], class_names: Sequence[str]) -> dict[str, float]:
    """Share of the pixels of each class, by its name."""
    values = labels.ravel()
    counts = count_values(values, len(class_names))
    return {name: round(float(counts[i] / max(1, values.size)), 4) for i, name in enumerate(class_names)}


def describe_shares(shares: Mapping[str, float], most: int = 3) -> str:
    """For example "background 61 %, nucleus 30 %, debris 9 %", the largest first."""
    known = [item for item in sorted(shares.items(), key=lambda item: -item[1]) if item[1] >= 0.005][:most]
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in known)
