"""Random sequences of operations, undone one by one, give back the labels bit for bit; locked objects never change.

`NAPARI_UNET_UNDO_EXAMPLES` sets how many sequences are tried; `benchmarks/editing.py` tries 1,000.
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenes import stack

from napari_unet.corrections.editing import FreeIds
from napari_unet.corrections.operations import adding, cleaning, drawing, joining, shaping, slices, splitting
from napari_unet.errors import UserError
from napari_unet.labels.object_index import ObjectIndex

EXAMPLES = int(os.environ.get("NAPARI_UNET_UNDO_EXAMPLES", "40"))
SHAPE = (3, 36, 44)


def random_labels(rng: np.random.Generator) -> np.ndarray:
    """A small stack of blocks, some touching, some in pieces, some in one slice only."""
    labels = stack(np.zeros(SHAPE[1:], np.int32), SHAPE[0])
    for object_id in range(1, 9):
        row, column = rng.integers(0, 30), rng.integers(0, 38)
        planes = slice(rng.integers(0, 2), rng.integers(2, 4))
        labels[planes, row : row + rng.integers(3, 12), column : column + rng.integers(3, 12)] = object_id
    return labels


def operate(rng: np.random.Generator, labels: np.ndarray, ids: FreeIds, locked: set[int]):
    """The change of one random operation."""
    kind = rng.integers(0, 16)
    plane = int(rng.integers(0, SHAPE[0]))
    stroke = [(plane, int(rng.integers(0, 36)), int(rng.integers(0, 44))) for _ in range(rng.integers(2, 6))]
    at, through = stroke[0], (0,) if rng.random() < 0.5 else ()
    maps = rng.random((2, 36, 44)).astype(np.float16)
    index = ObjectIndex(labels.shape)
    planes = [(z,) for z in range(SHAPE[0])]
    run = [
        lambda: splitting.split_by_line(labels, stroke, ids.take, through, locked),
        lambda: splitting.split_by_seeds(labels, stroke[:2], ids.take, through),
        lambda: joining.merge_objects(labels, stroke, through, locked),
        lambda: joining.delete_objects(labels, stroke, through, locked),
        lambda: joining.renumber_object(labels, at, ids.take, through),
        lambda: joining.swap_ids(labels, at, stroke[1], through),
        lambda: shaping.fill_holes(labels, at, through),
        lambda: shaping.smooth_object(labels, at, through),
        lambda: shaping.grow_object(labels, at, through),
        lambda: shaping.shrink_object(labels, at, through),
        lambda: shaping.keep_largest_part(labels, at, through),
        lambda: drawing.draw_object(labels, stroke, ids.take, locked),
        lambda: drawing.erase_inside(labels, stroke),
        lambda: adding.add_object(labels, at, maps, (0, 0), ids.take),
        lambda: (slices.copy_to_slice if rng.random() < 0.5 else slices.interpolate_object)(labels, at, 0),
        lambda: cleaning.clear_border(labels, planes, through, locked) if rng.random() < 0.3 else
        (list(index.update(labels, planes)), cleaning.remove_objects(
            labels, index, planes, set(cleaning.small_objects(index, planes, 30)) - locked))[1],
    ][kind]  # fmt: skip
    return run().sparing(locked)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow], database=None)
def test_sequences_undone_one_by_one(seed, length):
    rng = np.random.default_rng(seed)
    labels = random_labels(rng)
    first = labels.copy()
    locked = set(rng.integers(1, 9, 2).tolist())
    ids, history, versions = FreeIds(labels), [], []
    for _ in range(length):
        before = labels.copy()
        try:
            change = operate(rng, labels, ids, locked)
        except UserError:
            np.testing.assert_array_equal(labels, before)  # a refusal has no effect
            continue
        np.testing.assert_array_equal(labels, before)  # an operation writes nothing itself
        change.apply(labels)
        history.append(change)
        versions.append(before)
        assert all(np.array_equal(labels == i, first == i) for i in locked)
    while history:
        change = history.pop()
        labels[change.index] = change.before
        np.testing.assert_array_equal(labels, versions.pop())
    np.testing.assert_array_equal(labels, first)
