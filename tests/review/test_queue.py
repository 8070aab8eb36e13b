"""The order of the queue, the way through it, and what is suggested next."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.review.object_table import ObjectTable
from napari_unet.review.queue import QueueOrder, ReviewQueue, suggest_image, suggest_region
from napari_unet.review.suspicion import MEASURES


def make_table(
    confidence: list[float], centres: list[tuple[int, ...]] | None = None, **values: list[float]
) -> ObjectTable:
    """Objects 1, 2, ... in one plane; other measures are 0 unless given."""
    n = len(confidence)
    known = {measure.name: np.zeros(n) for measure in MEASURES}
    known |= {name: np.array(given) for name, given in {"confidence": confidence, **values}.items()}
    zeros = np.zeros(n, np.int64)
    return ObjectTable(
        ids=np.arange(1, n + 1),
        frames=zeros,
        planes=zeros,
        boxes=np.zeros((n, 4), np.int64),
        centres=np.zeros((n, 2)) if centres is None else np.array(centres, float),
        sizes=np.full(n, 100.0),
        values=known,
        row_of_section=np.arange(n),
    )


TABLE = make_table([0.0, 0.6, 0.3, 0.45], size=[9.0, 0, 0, 0])


def ids(queue: ReviewQueue) -> list[int]:
    return queue.table.ids[queue.rows].tolist()


def test_the_most_suspicious_come_first() -> None:
    assert ids(ReviewQueue(TABLE)) == [2, 4, 1, 3]
    assert ids(ReviewQueue(TABLE, order=QueueOrder(least=0.6))) == [2, 4]
    assert ids(ReviewQueue(TABLE, order=QueueOrder(key="id", descending=False, least=0))) == [1, 2, 3, 4]
    assert ids(ReviewQueue(TABLE, order=QueueOrder(key="confidence", descending=False, least=0))) == [1, 3, 4, 2]
    assert ids(ReviewQueue(TABLE, order=QueueOrder(reason="size", least=0.5))) == [1]
    reviewed = np.array([False, True, False, False])
    assert ids(ReviewQueue(TABLE, reviewed, QueueOrder(hide_reviewed=True))) == [4, 1, 3]


def test_what_is_not_known_comes_last_either_way() -> None:
    table = make_table([np.nan, 0.2, 0.1])
    for descending, wanted in ((True, [2, 3, 1]), (False, [3, 2, 1])):
        order = QueueOrder(key="confidence", descending=descending, least=0)
        assert ids(ReviewQueue(table, order=order)) == wanted


def test_the_way_forwards_leaves_out_what_is_reviewed_and_comes_back_for_what_was_passed_over() -> None:
    queue = ReviewQueue(TABLE, np.array([True, False, False, False]))  # listed: 2, 4, 1 (reviewed), 3
    assert queue.n_reviewed == 1
    assert queue.next_position(None) == 0
    assert queue.next_position(1) == 3
    assert queue.next_position(3) == 0
    assert queue.next_position(3, -1) == 2
    assert queue.next_position(0, -1) is None
    assert ReviewQueue(TABLE, np.ones(4, bool)).next_position(1) is None
    assert ReviewQueue(make_table([])).next_position(None) is None
    assert (queue.position(3), queue.position(None)) == (1, None)


def test_the_region_with_the_most_suspicion_is_suggested() -> None:
    rng = np.random.default_rng(0)
    right = [tuple(place) for place in rng.integers(0, 1000, (50, 2)).tolist()]
    wrong = [tuple(place) for place in rng.integers((700, 200), (780, 280), (10, 2)).tolist()]
    table = make_table([0.12] * 50 + [0.6] * 10, right + wrong)
    nothing = np.zeros(60, bool)
    place = suggest_region(table, nothing, (1000, 1000), (200, 200))
    rows, columns = place.region
    assert (rows.stop - rows.start, columns.stop - columns.start) == (200, 200)
    inside = [r in range(*rows.indices(1000)) and c in range(*columns.indices(1000)) for r, c in right + wrong]
    assert all(inside[50:])
    assert place.suspicion == pytest.approx(table.score[inside].sum())
    seen = nothing.copy()
    seen[50:] = True
    elsewhere = suggest_region(table, seen, (1000, 1000), (200, 200))
    assert elsewhere.suspicion < 0.2 * place.suspicion
    assert suggest_region(table, np.ones(60, bool), (1000, 1000), (200, 200)) is None
    assert suggest_region(table, nothing, (100, 90), (200, 200)).region == (slice(0, 100), slice(0, 90))


def test_the_image_that_is_most_suspicious_on_average_is_suggested() -> None:
    good, bad = make_table([0.15] * 40), make_table([0.5, 0.4])
    images = {"good": (good, np.zeros(40, bool)), "bad": (bad, np.zeros(2, bool))}
    assert suggest_image(images) == "bad"
    assert suggest_image({**images, "bad": (bad, np.ones(2, bool))}) == "good"
    assert suggest_image({"bad": (bad, np.ones(2, bool))}) is None
