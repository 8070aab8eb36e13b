"""Simulated images: exact labels, the same for the same seed, very different for others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.training.simulation.scenes import SCENES, simulate_image


def test_the_same_seed_gives_the_same_image() -> None:
    (image, labels), (again, labels_again) = simulate_image(96, (3, 1)), simulate_image(96, (3, 1))
    assert np.array_equal(image, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(labels, simulate_image(96, (3, 2))[1])


def test_images_are_normalized_and_objects_whole() -> None:
    counts, contrasts = [], []
    for number in range(12):
        image, labels = simulate_image(128, (0, number))
        assert image.dtype == np.float32
        assert image.shape == labels.shape == (128, 128)
        assert np.isfinite(image).all()
        assert -0.1 < np.median(image) < 1.1
        ids = np.unique(labels[labels > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert all(ndimage.label(labels == i)[1] == 1 for i in ids)
        counts.append(len(ids))
        if len(ids):
            contrasts.append(float(image[labels > 0].mean() - image[labels == 0].mean()))
    assert max(counts) > 3 * max(1, min(counts))  # sizes and densities differ
    assert min(contrasts) < 0 < max(contrasts)  # brighter and darker than what is around


def test_scenes_are_drawn_by_share_and_each_as_if_it_were_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_blank(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return rng.random((side, side), np.float32), np.zeros((side, side), np.int32)

    monkeypatch.setitem(SCENES, "blank", draw_blank)
    shares = {"varied": 1.0, "blank": 3.0}
    blank = 0
    for number in range(40):
        image, labels = simulate_image(64, (7, number), 0.2, scenes=shares)
        alone = simulate_image(64, (7, number), 0.2, scenes={"varied" if labels.any() else "blank": 1.0})
        assert np.array_equal(image, alone[0])
        assert np.array_equal(labels, alone[1])
        blank += not labels.any()
    assert 20 < blank < 38


def test_the_images_of_before_there_were_scenes_are_the_same() -> None:
    """A model that was trained from a recipe can be made again."""
    image, labels = simulate_image(64, (0, 5), 0.35, 1.0)
    assert labels.sum() == 3945
    assert float(image.sum()) == pytest.approx(1213.05, abs=0.5)


@pytest.mark.parametrize("name", sorted(SCENES))
def test_each_scene_is_the_same_for_the_same_seed_and_its_objects_are_whole(name: str) -> None:
    differences = []
    for number in range(6):
        image, labels = simulate_image(128, (2, number), scenes={name: 1.0})
        again, labels_again = simulate_image(128, (2, number), scenes={name: 1.0})
        assert np.array_equal(image, again)
        assert np.array_equal(labels, labels_again)
        assert image.dtype == np.float32
        assert labels.dtype == np.int32
        assert image.shape == labels.shape == (128, 128)
        assert np.isfinite(image).all()
        assert image.std() > 0.02
        ids = np.unique(labels[labels > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert all(ndimage.label(labels == i)[1] == 1 for i in ids)
        differences.append(float(np.median(image)))
    assert np.std(differences) > 0.01
