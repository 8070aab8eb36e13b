"""Areas and rectangles that follow what is noted, tile by tile."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.labels import object_index
from napari_unet.labels.object_index import ObjectIndex


@pytest.fixture(autouse=True)
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_index, "TILE", 16)


def stack() -> np.ndarray:
    labels = np.zeros((2, 40, 50), np.int32)
    labels[0, 10:30, 10:20] = 3  # over two rows of tiles and two columns
    labels[0, 35:40, 45:50] = 2_000_000_000
    labels[1, 0:4, 0:4] = 3
    return labels


def index_of(labels: np.ndarray) -> ObjectIndex:
    index = ObjectIndex(labels.shape)
    assert len(list(index.update(labels, [(0,), (1,)]))) == 2 * 3 * 4  # 40 x 50 in tiles of 16
    return index


def test_an_object_in_several_tiles_is_one_with_the_rectangle_of_all_its_parts() -> None:
    index = index_of(stack())
    found = dict(index.rectangles((0,), {3, 2_000_000_000}))
    assert found == {3: (10, 30, 10, 20), 2_000_000_000: (35, 40, 45, 50)}
    assert index.areas([(0,)]) == {3: 200, 2_000_000_000: 25}
    assert index.areas([(0,), (1,)])[3] == 216
    assert index.rectangles((1,), {2_000_000_000, 5}) == []


def test_it_knows_nothing_of_a_plane_before_it_has_looked() -> None:
    labels = stack()
    index = ObjectIndex(labels.shape)
    assert not index.is_ready([(0,)])
    steps = index.update(labels, [(0,)])
    for _ in range(11):
        next(steps)
    assert not index.is_ready([(0,)])
    assert len(list(steps)) == 1
    assert index.is_ready([(0,)])
    assert not index.is_ready([(0,), (1,)])


def test_only_what_was_noted_is_looked_at_again() -> None:
    labels = stack()
    index = index_of(labels)
    labels[0, 10:30, 10:20] = 4
    assert index.areas([(0,)])[3] == 200, "nobody has said so yet"
    index.note((0,), (10, 30, 10, 20))
    assert not index.is_ready([(0,)])
    assert index.is_ready([(1,)])
    assert len(list(index.update(labels, [(0,), (1,)]))) == 4
    assert index.areas([(0,)]) == {4: 200, 2_000_000_000: 25}


@pytest.mark.parametrize(
    ("rectangle", "tiles"), [((0, 16, 0, 16), 1), ((0, 17, 0, 16), 2), ((15, 17, 15, 17), 4), (None, 12)]
)
def test_a_rectangle_belongs_to_the_tiles_that_it_touches(rectangle: object, tiles: int) -> None:
    labels = stack()
    index = index_of(labels)
    index.note((1,), rectangle)  # type: ignore[arg-type]
    assert len(list(index.update(labels, [(0,), (1,)]))) == tiles
