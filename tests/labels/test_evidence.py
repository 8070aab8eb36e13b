from __future__ import annotations

import numpy as np
import pytest
from discs import draw_discs

from napari_unet.labels.evidence import add_evidence, collect_evidence, compare_evidence
from napari_unet.labels.scores import tally_objects


def break_labels(labels, seed: int):
    """`labels` with objects lost, shrunk and invented at random."""
    random = np.random.default_rng(seed)
    broken = labels.copy()
    for label in range(1, labels.max() + 1):
        if random.random() < 0.4:
            broken[broken == label] = 0
    broken = np.roll(broken, int(random.integers(0, 4)), axis=1)
    broken[:6, :6] = labels.max() + 1
    return broken


@pytest.mark.parametrize("seed", range(4))
def test_evidence_adds_up_to_the_tally(seed: int) -> None:
    _, labels = draw_discs(seed=seed)
    broken = break_labels(labels, seed)
    evidence, tally = collect_evidence(labels, broken), tally_objects(labels, broken)
    sums = evidence.rows.sum(axis=0)
    np.testing.assert_array_equal(sums[:9], tally.true_positives)
    assert (sums[9], sums[10]) == (tally.n_truth, tally.n_predicted)


def test_an_object_in_several_planes_is_one() -> None:
    _, labels = draw_discs()
    same = [collect_evidence(labels, labels, image=0)] * 2
    assert len(add_evidence(same).keys) == labels.max()
    other = [collect_evidence(labels, labels, image=number) for number in range(2)]
    assert len(add_evidence(other).keys) == 2 * labels.max()


def test_where_nothing_is_to_be_found_predictions_count_all_the_same() -> None:
    _, labels = draw_discs()
    nothing = np.zeros_like(labels)
    sums = collect_evidence(nothing, labels).rows.sum(axis=0)
    assert (sums[9], sums[10]) == (0, labels.max())
    assert not collect_evidence(nothing, nothing).rows.any()


def test_more_objects_make_the_same_gain_surer() -> None:
    def compare(n: int):
        images = [draw_discs((64, 128), seed=i)[1] for i in range(n)]
        half = [np.where(labels % 2 == 0, labels, 0) for labels in images]
        most = [np.where(labels % 8 != 0, labels, 0) for labels in images]
        return compare_evidence(
            *(
                add_evidence([collect_evidence(t, p, i) for i, (t, p) in enumerate(zip(images, side, strict=True))])
                for side in (half, most)
            )
        )

    few, many = compare(1), compare(12)
    assert few.difference == pytest.approx(many.difference)
    assert many.high - many.low < few.high - few.low
    assert many.low < many.difference < many.high
    assert many.is_sure_gain


def test_the_same_labels_are_no_gain() -> None:
    _, labels = draw_discs()
    evidence = collect_evidence(labels, break_labels(labels, 1))
    change = compare_evidence(evidence, evidence)
    assert (change.difference, change.low, change.high, change.chance) == (0.0, 0.0, 0.0, 0.0)
    assert not change.is_gain
