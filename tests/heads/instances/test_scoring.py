"""What is asked of a plane, and what counts: nothing that the edge of what was reviewed cuts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.errors import UserError
from napari_unet.heads.instances.scoring import compare_objects, drop_uncounted, pool_objects, whole_truth
from napari_unet.heads.planes import CORRECTED_WEIGHT, HeldOutPlane, TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.images.normalization import Limits
from napari_unet.labels.scores import tally_objects
from napari_unet.models.record import ModelRecord

HEAD = head_named("instances")


def squares(*places: tuple[int, int], side: int = 8, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    labels = np.zeros(shape, np.int32)
    for number, (y, x) in enumerate(places, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


def plane(labels: np.ndarray, region: np.ndarray | None = None, image: int = 0) -> HeldOutPlane:
    everywhere = np.ones(labels.shape, bool)
    return HeldOutPlane(labels * 1.0, labels, everywhere if region is None else region, Limits(0.0, 1.0), 8.0, image)


def half(labels: np.ndarray, columns: int) -> np.ndarray:
    region = np.zeros(labels.shape, bool)
    region[:, :columns] = True
    return region


def test_what_the_edge_cuts_is_not_asked_for_and_finding_it_is_no_mistake() -> None:
    labels = squares((4, 4), (4, 28), (30, 50))  # whole, cut in the middle, outside
    one = plane(labels, half(labels, 32))
    truth, counts = whole_truth(one)
    assert set(np.unique(truth)) == {0, 1}
    assert not counts[4:12, 28:36].any()
    assert not counts[:, 32:].any()
    assert counts[0, 31]
    for found in (labels, np.where(labels == 2, 0, labels)):
        score = pool_objects([compare_objects(one, found)])
        assert (score.ap50, score.mean_ap, score.n_objects) == (1.0, 1.0, 1)
    wrong = pool_objects([compare_objects(one, labels + squares((20, 4)) * 9)])
    assert (wrong.ap50, wrong.n_objects) == (0.5, 1)


def test_a_plane_is_looked_at_once() -> None:
    one = plane(squares((4, 4)))
    assert whole_truth(one)[0] is whole_truth(one)[0]
    np.testing.assert_array_equal(HEAD.truth(one), one.labels)


@pytest.mark.parametrize(("inside", "kept"), [(3, False), (4, True), (5, True)])
def test_half_of_an_object_must_count(inside: int, kept: bool) -> None:
    found = squares((4, 4))
    counts = np.zeros(found.shape, bool)
    counts[:, : 4 + inside] = True
    assert drop_uncounted(found, counts).any() == kept


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=12, max_size=12), st.integers(0, 1000))
def test_where_all_was_reviewed_the_score_is_that_of_all_objects(given_: list[int], seed: int) -> None:
    places = [(4 + 15 * (i // 4), 4 + 15 * (i % 4)) for i in range(12)]
    labels = squares(*places)
    found = np.zeros_like(labels)
    random = np.random.default_rng(seed)
    for number, (kind, (y, x)) in enumerate(zip(given_, places, strict=True), start=1):
        shift = (0, 1, 5)[kind] if kind < 3 else None
        if shift is not None:
            found[y : y + 8, x + shift : x + shift + 8] = number
    found[random.integers(0, 40), 63] = 99
    parts = [HEAD.compare(plane(labels, image=i), found, ModelRecord()) for i in range(2)]
    score, tally = HEAD.pool(parts, ModelRecord()), HEAD.tally(labels, found, ModelRecord())
    assert score.n_objects == 2 * 12
    assert score.ap50 == pytest.approx(tally_objects(labels, found).average_precision()[0.5])
    assert score.mean_ap == pytest.approx(tally.mean_ap)
    assert score.evidence is not None
    assert len({key for key in score.evidence.keys if key[1] > 0}) == 24


# -- what is taught ---------------------------------------------------------------------------------------------------


def training(labels: np.ndarray, **masks: np.ndarray) -> TrainingPlane:
    everywhere, nowhere = np.ones(labels.shape, bool), np.zeros(labels.shape, bool)
    parts = {"reviewed": everywhere, "learn": everywhere.copy(), "changed": nowhere} | masks
    unsure = parts.pop("unsure", None)
    return TrainingPlane(labels * np.float32(1), labels, **parts, unsure=unsure)


def test_what_was_erased_is_a_place_to_look_at_too() -> None:
    labels = squares((4, 4), (30, 50))
    changed = squares((20, 20)) > 0  # an object that was there
    changed |= labels == 2
    places, shares = HEAD.centers(training(labels, changed=changed))
    found = {tuple(place): share for place, share in zip(places.tolist(), shares.tolist(), strict=True)}
    assert found == {(7.5, 7.5): 1.0, (33.5, 53.5): CORRECTED_WEIGHT, (23.5, 23.5): 1.0}


def test_what_is_not_learned_from_is_no_place() -> None:
    labels = squares((4, 4), (4, 28), (30, 50))
    learn = half(labels, 33)  # five of eight columns of the second
    changed = squares((20, 44)) > 0
    places, _ = HEAD.centers(training(labels, learn=learn, changed=changed))
    assert sorted(map(tuple, places.tolist())) == [(7.5, 7.5), (7.5, 31.5)]
    nothing, shares = HEAD.centers(training(np.zeros_like(labels)))
    assert (nothing.shape, shares.shape) == ((0, 2), (0,))


def test_what_is_in_doubt_has_no_weight() -> None:
    labels = squares((4, 4))
    unsure = squares((20, 20)) > 0
    weights = HEAD.learning_maps(training(labels, unsure=unsure)).weights
    assert not weights[unsure].any()
    assert weights[~unsure].all()


def test_between_neighbours_errors_cost_more() -> None:
    weights = HEAD.learning_maps(training(squares((4, 4), (4, 13)))).weights
    assert weights[8, 12] > 1.5  # one column between the two
    assert weights[40, 50] == pytest.approx(1.0, abs=1e-3)


def test_a_correction_weighs_two_pixels_further() -> None:
    labels = np.zeros((20, 20), np.int32)
    changed = np.zeros(labels.shape, bool)
    changed[10, 10] = True
    weights = HEAD.learning_maps(training(labels, changed=changed)).weights
    assert (weights[10, 12], weights[10, 13], weights[11, 11], weights[12, 12]) == (3.0, 1.0, 3.0, 1.0)


# -- words, and a new model -------------------------------------------------------------------------------------------


def test_classes_do_not_teach_objects_and_a_model_of_objects_has_none() -> None:
    record = ModelRecord(diameter=17.0)
    assert HEAD.fits((), record) is None
    assert "labelled by class" in str(HEAD.fits(("a", "b"), record))
    assert HEAD.begin(record, ()) is record
    with pytest.raises(UserError, match="Only a model for classes"):
        HEAD.begin(record, ("a", "b"))
    assert (HEAD.class_names(record), HEAD.describe_size(record)) == ((), "17 px")
    assert head_named("semantic").describe_size(record) == ""
    assert HEAD.summarize(squares((4, 4), (4, 28)), record) == {"objects": 2}


def test_a_new_network_finds_nothing() -> None:
    final = torch.nn.Conv2d(4, 3, 1)
    before = final.bias.detach().clone()
    with torch.no_grad():
        HEAD.quieten(final)
    assert final.bias[0] == -4.0
    assert torch.equal(final.bias[1:], before[1:])
    assert HEAD.activate(torch.zeros(1, 2, 2, 2)).eq(0.5).all()
