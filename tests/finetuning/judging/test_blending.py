from __future__ import annotations

import numpy as np
import pytest
import torch
from judged import score

from napari_unet.finetuning.judging.blending import SHARE, blend, choose_blend
from napari_unet.labels.evidence import Score
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.unet import UNet


@pytest.fixture
def networks() -> tuple[UNet, UNet]:
    torch.manual_seed(0)
    config = UNetConfig(base_channels=4, depth=1)
    return UNet(config).eval(), UNet(config).eval()


def test_a_blend_lies_between(networks) -> None:
    parent, child = networks
    before = child.final.weight.clone()
    mixed = blend(parent, child, 0.25)
    expected = 0.25 * child.final.weight + 0.75 * parent.final.weight
    torch.testing.assert_close(mixed.final.weight, expected)
    assert torch.equal(child.final.weight, before)
    assert all(
        torch.equal(a, b) for a, b in zip(blend(parent, child, 1.0).parameters(), child.parameters(), strict=True)
    )


def bare(value: float) -> Score:
    """A score of which it is not known what was found object by object."""
    return Score(value, value, value, 20)


@pytest.mark.parametrize(
    ("mixed", "child", "chosen"),
    [
        (score(0.8, 1000), score(0.8, 1000), SHARE),
        (score(0.9, 1000), score(0.6, 1000), SHARE),
        (score(0.8, 1000), score(0.805, 1000), SHARE),  # next to nothing
        (score(0.6, 1000), score(0.9, 1000), 1.0),
        (score(0.6, 20), score(0.9, 20), 1.0),
        (score(0.5, 20), score(0.55, 20), SHARE),  # one of twenty may be chance
        (bare(0.5), bare(0.55), 1.0),
        (bare(0.5), bare(0.505), SHARE),
    ],
)
def test_the_blend_is_taken_unless_the_child_is_probably_better(networks, mixed, child, chosen) -> None:
    network, found, share = choose_blend(*networks, child, lambda _: mixed)
    assert share == chosen
    assert (network is networks[1]) == (chosen == 1.0)
    assert found is (child if chosen == 1.0 else mixed)


@pytest.mark.parametrize(
    ("before", "mixed", "chosen"),
    [
        (0.0, 0.7, SHARE),  # of a gain of .8 more than three quarters
        (0.0, 0.5, 1.0),
        (0.6, 0.77, SHARE),
        (0.6, 0.7, 1.0),  # half of a gain of .2
        (0.9, 0.8, SHARE),  # nothing was gained: as good as the child at least
        (0.9, 0.7, 1.0),
    ],
)
def test_of_what_was_learned_from_most_of_the_gain_has_to_be_left(networks, before, mixed, chosen) -> None:
    given = score(0.8, 1000), lambda _: score(mixed, 1000), score(before, 1000)
    assert choose_blend(*networks, *given)[2] == chosen


def test_the_blend_is_made_of_both(networks) -> None:
    seen = []
    choose_blend(*networks, score(0.5), lambda mixed: seen.append(mixed) or score(0.5))
    weights = [float(one.final.weight.detach().flatten()[0]) for one in (networks[0], *seen, networks[1])]
    assert np.all(np.diff(weights) > 0) or np.all(np.diff(weights) < 0)
