"""What the network is to say, from labels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.heads.instances.targets import border_weights, make_targets


def test_each_object_peaks_at_one_and_falls_to_its_border() -> None:
    labels = np.zeros((30, 60), int)
    labels[5:12, 5:12], labels[2:28, 20:45] = 3, 7
    foreground, distance, _ = make_targets(labels)
    assert np.array_equal(foreground > 0, labels > 0)
    for label in (3, 7):
        assert distance[labels == label].max() == 1.0
        assert distance[labels == label].min() < 0.35
    assert not distance[labels == 0].any()


def test_touching_objects_have_a_valley_between_them() -> None:
    labels = np.repeat([[1] * 10 + [2] * 10], 20, axis=0)
    distance = make_targets(labels)[1]
    assert distance[10, 9] < 0.2
    assert distance[10, 10] < 0.2


def test_a_seam_lies_where_two_objects_touch_or_nearly_do() -> None:
    labels = np.zeros((20, 60), int)
    labels[2:18, 2:12], labels[2:18, 12:22] = 1, 2  # touch
    labels[2:18, 24:34], labels[2:18, 42:52] = 3, 4  # 3 two pixels from 2, 4 far from all
    seam = make_targets(labels)[2]
    assert seam[10, 11:13].all()
    assert seam[10, 22:24].all()
    assert not seam[10, 15:19].any()
    assert not seam[:, 36:].any()


def test_weights_within_objects_too_where_a_neighbour_is_near() -> None:
    labels = np.repeat([[1] * 20 + [2] * 20], 20, axis=0)
    found = border_weights(labels, w0=4, sigma=3, inside=True)
    assert found[10, 19] > found[10, 15] > found[10, 2] == 1
    assert (border_weights(labels, w0=4, sigma=3) == 1).all()


def test_an_object_cut_by_the_image_s_edge_goes_on_beyond_it() -> None:
    labels = np.zeros((20, 20), int)
    labels[5:15, :8] = 1
    assert make_targets(labels)[1][10, 0] > make_targets(labels, open_sides=False)[1][10, 0]


def test_an_empty_image_has_empty_targets() -> None:
    assert not make_targets(np.zeros((4, 5), int)).any()


def brute_force_weights(labels: np.ndarray, w0: float, sigma: float) -> np.ndarray:
    """Equation 2 of the paper, pixel by pixel."""
    ids = [i for i in np.unique(labels) if i]
    weights = np.ones(labels.shape)
    for y, x in np.argwhere(labels == 0):
        d = sorted(min(np.hypot(y - v, x - u) for v, u in np.argwhere(labels == i)) for i in ids)
        if len(d) > 1:
            weights[y, x] += w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return weights


def test_border_weights_are_the_paper_s() -> None:
    labels = np.zeros((16, 24), int)
    labels[2:8, 2:8], labels[3:14, 11:16], labels[9:15, 19:23] = 1, 2, 3
    found = border_weights(labels, w0=10, sigma=3)
    np.testing.assert_allclose(found, brute_force_weights(labels, 10, 3), atol=0.02 * 10)
    assert found[5, 9] == pytest.approx(brute_force_weights(labels, 10, 3)[5, 9], rel=1e-4)
    assert (found[labels > 0] == 1).all()
