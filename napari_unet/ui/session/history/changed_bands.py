"""Where labels may have changed: planes, and bands of rows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from napari_unet.labels.types import PlaneIndex


class ChangedBands:
    """Bands by plane, as `LiveComparison` counts them; None: all of a plane."""

    def __init__(self) -> None:
        self._bands: dict[PlaneIndex, set[int] | None] = {}

    def __bool__(self) -> bool:
        return bool(self._bands)

    @property
    def planes(self) -> list[PlaneIndex]:
        return list(self._bands)

    def clear(self) -> None:
        self._bands.clear()

    def add_planes(self, planes: Iterable[PlaneIndex]) -> None:
        """All of these planes."""
        self._bands.update(dict.fromkeys(planes))

    def add(self, bands: Mapping[PlaneIndex, Iterable[Iterable[int]]]) -> None:
        """Some bands of planes."""
        for plane, parts in bands.items():
            self.give_back(plane, {band for part in parts for band in part})

    def add_to(self, others: ChangedBands) -> None:
        """Make all of these places of `others`, too."""
        for plane, bands in self._bands.items():
            others.give_back(plane, bands)

    def take(self, plane: PlaneIndex) -> set[int] | None:
        """The bands of a plane, which is no place any more."""
        return self._bands.pop(plane)

    def give_back(self, plane: PlaneIndex, bands: Collection[int] | None) -> None:
        """Bands of a plane (None: all) are a place."""
        known = self._bands.setdefault(plane, set())
        if bands is None or known is None:
            self._bands[plane] = None
        else:
            known.update(bands)
