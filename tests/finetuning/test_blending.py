from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet.finetuning.blending import SHARES, blend, choose_blend
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.unet import UNet

from .test_verdict import score


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


@pytest.mark.parametrize(
    ("blends", "child", "chosen"),
    [
        ((0.8, 0.8), 0.8, SHARES[0]),  # nothing is gained by forgetting more
        ((0.3, 0.3), 0.8, 1.0),
        ((0.3, 0.8), 0.8, SHARES[1]),
        ((0.79, 0.79), 0.8, SHARES[0]),  # next to nothing
        ((0.52, 0.56), 0.6, SHARES[0]),  # sure, of a thousand, but not worth it
        ((0.9, 0.5), 0.2, SHARES[0]),
    ],
)
def test_the_least_is_changed_that_does_as_well(networks, blends, child, chosen) -> None:
    scores = iter([score(value, 1000) for value in blends])
    network, found, share = choose_blend(*networks, score(child, 1000), lambda _: next(scores))
    assert share == chosen
    assert (network is networks[1]) == (chosen == 1.0)
    assert found.ap50 == pytest.approx({**dict(zip(SHARES, blends, strict=True)), 1.0: child}[chosen])


def test_blends_are_made_of_both(networks) -> None:
    seen = []
    choose_blend(*networks, score(0.5), lambda mixed: seen.append(mixed) or score(0.5))
    weights = [float(one.final.weight.detach().flatten()[0]) for one in (networks[0], *seen, networks[1])]
    assert np.all(np.diff(weights) > 0) or np.all(np.diff(weights) < 0)
