"""Stained sections: exact labels, nuclei darker than light, colours of all kinds, the same for the same seed."""

from __future__ import annotations

import numpy as np

from napari_unet.training.simulation.colour import simulate_stained
from napari_unet.training.simulation.stains import paint_stained


def test_the_same_seed_gives_the_same_section() -> None:
    (image, labels), (again, labels_again) = simulate_stained(96, (3, 1)), simulate_stained(96, (3, 1))
    assert np.array_equal(image, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(image, simulate_stained(96, (3, 2))[0])


def test_sections_are_normalized_in_each_channel_and_of_many_colours() -> None:
    colours = []
    for number in range(12):
        image, labels = simulate_stained(128, (0, number))
        assert image.dtype == np.float32
        assert image.shape == (3, *labels.shape)
        assert (np.abs(np.quantile(image, 0.01, axis=(1, 2))) < 0.02).all()
        assert (np.abs(np.quantile(image, 0.998, axis=(1, 2)) - 1) < 0.02).all()
        colours.append(np.median(image, axis=(1, 2)))
    assert (np.std(colours, axis=0) > 0.05).all()


def test_nuclei_take_light_away_in_every_channel_of_a_dye() -> None:
    """Twice the dye, never more light; and where there is none, tissue alone."""
    amount = np.zeros((64, 64), np.float32)
    amount[20:44, 20:44] = 1.0
    darker = 0
    for seed in range(20):
        image = paint_stained(amount, np.random.default_rng(seed))
        inside, outside = image[:, 24:40, 24:40].mean(axis=(1, 2)), image[:, :16].mean(axis=(1, 2))
        darker += int((inside < outside).all())
    assert darker >= 18  # tissue may be thinner there by chance
