from __future__ import annotations

import numpy as np
import pytest
import torch
from judged import score

from napari_unet.finetuning.judging.blending import SHARES, blend, choose_blend
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


def chosen_of(networks, half: float, most: float, child: float, before: float | None = None) -> tuple[float, float]:
    """The share that is chosen and its score, where the blends with half and three quarters of the child score so."""
    values = iter((half, most))
    learned_before = None if before is None else score(before, 1000)
    network, found, share = choose_blend(
        *networks, score(child, 1000), lambda _: score(next(values), 1000), learned_before
    )
    assert (network is networks[1]) == (share == 1.0)
    return share, found.ap50


@pytest.mark.parametrize(
    ("half", "most", "child", "share"),
    [
        (0.8, 0.8, 0.8, 0.5),  # as good with less: less
        (0.9, 0.6, 0.6, 0.5),
        (0.795, 0.8, 0.8, 0.5),  # next to nothing
        (0.75, 0.8, 0.8, 0.75),
        (0.75, 0.78, 0.8, 1.0),
    ],
)
def test_the_least_of_the_child_that_is_as_good_on_what_was_held_out(networks, half, most, child, share) -> None:
    found, said = chosen_of(networks, half, most, child)
    assert found == share
    assert said == pytest.approx({0.5: half, 0.75: most, 1.0: child}[share], abs=0.001)


@pytest.mark.parametrize(
    ("half", "most", "before", "share"),
    [
        (0.7, 0.8, 0.0, 0.5),  # of a gain of .8 more than three quarters
        (0.5, 0.7, 0.0, 0.75),
        (0.5, 0.55, 0.0, 1.0),
        (0.7, 0.78, 0.6, 0.75),  # half of a gain of .2
        (0.7, 0.8, 0.9, 0.75),  # nothing was gained: as good as the child at least
    ],
)
def test_of_what_was_learned_from_most_of_the_gain_has_to_be_left(networks, half, most, before, share) -> None:
    assert chosen_of(networks, half, most, 0.8, before)[0] == share


def test_the_blend_is_made_of_both(networks) -> None:
    seen = []
    choose_blend(*networks, score(0.5), lambda mixed: seen.append(mixed) or score(0.1))
    assert len(seen) == len(SHARES)
    weights = [float(one.final.weight.detach().flatten()[0]) for one in (networks[0], *seen, networks[1])]
    assert np.all(np.diff(weights) > 0) or np.all(np.diff(weights) < 0)
