"""Classes of objects on their layer: columns of its features, and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_unet.results.exports.object_classes import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.ui.classify.classifying import Found

_UNKNOWN = (0.5, 0.5, 0.5, 1.0)
_own: WeakKeyDictionary[Labels, Any] = WeakKeyDictionary()  # the colours of before


def class_table(found: Found, timed: bool) -> pd.DataFrame:
    """A row an object: `t` in films, `label`, `class`, `probability`."""
    import pandas as pd

    names = np.array(found.classifier.class_names, dtype=object)
    columns = {"t": found.features.objects[:, 0]} if timed else {}
    columns |= {"label": found.features.objects[:, 1], "class": names[found.probabilities.argmax(axis=1)]}
    return pd.DataFrame(columns | {"probability": found.probabilities.max(axis=1)})


def put_classes(layer: Labels, table: pd.DataFrame) -> None:
    """Add the classes to the features of `layer`, beside what others keep there."""
    known = layer.features.drop(columns=[name for name in COLUMNS if name in layer.features])
    keys = [name for name in ("t", "label") if name in table]
    if set(keys) <= set(known.columns) and len(known):
        joined = known.drop(columns="index", errors="ignore").merge(table, how="outer", on=keys)
    else:
        joined = table
    # napari's status line looks objects up by `index`: of several frames it would tell the wrong one.
    joined = joined.assign(index=-1 - np.arange(len(joined)) if "t" in keys else joined["label"])
    layer.features = joined


def has_classes(layer: Labels) -> bool:
    return set(COLUMNS) <= set(layer.features.columns)


def drop_classes(layer: Labels) -> None:
    """Take the classes from the features of `layer`."""
    if has_classes(layer):
        layer.features = layer.features.drop(columns=list(COLUMNS))


def color_by_class(layer: Labels, found: Found, colors: dict[str, str]) -> None:
    """Show each object in the colour of its class, the paler the less sure."""
    if layer not in _own:
        _own[layer] = layer.colormap
    rgb = np.array([_rgb(colors.get(name, "#999999")) for name in found.classifier.class_names])
    best = found.probabilities.argmax(axis=1)
    shown = np.concatenate([rgb[best], np.ones((len(best), 1))], axis=1).astype(np.float32)
    table: dict[int | None, Any] = {None: np.array(_UNKNOWN, np.float32), 0: np.zeros(4, np.float32)}
    table |= dict(zip(found.features.objects[:, 1].tolist(), shown, strict=True))
    layer.colormap = DirectLabelColormap(color_dict=table)


def color_by_object(layer: Labels) -> None:
    """Show the colours of before."""
    before = _own.pop(layer, None)
    if before is not None:
        layer.colormap = before


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
