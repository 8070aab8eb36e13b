from __future__ import annotations

import numpy as np
import pytest
import torch
from judged import score

from napari_unet.finetuning.judging.blending import SHARE, blend, choose_blend
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


@pytest.mark.parametrize(
    ("mixed", "child", "n", "chosen"),
    [
        (0.8, 0.8, 1000, 1.0),
        (0.5, 0.8, 1000, 1.0),
        (0.81, 0.8, 1000, 1.0),  # next to nothing
        (0.9, 0.6, 1000, SHARE),
        (0.9, 0.6, 20, SHARE),
        (0.5, 0.45, 20, 1.0),  # one of twenty may be chance
    ],
)
def test_the_child_is_kept_unless_the_blend_is_probably_better(networks, mixed, child, n, chosen) -> None:
    network, found, share = choose_blend(*networks, score(child, n), lambda _: score(mixed, n))
    assert share == chosen
    assert (network is networks[1]) == (chosen == 1.0)
    assert found.ap50 == pytest.approx(child if chosen == 1.0 else mixed, abs=0.03)


def test_the_blend_is_made_of_both(networks) -> None:
    seen = []
    choose_blend(*networks, score(0.5), lambda mixed: seen.append(mixed) or score(0.5))
    weights = [float(one.final.weight.detach().flatten()[0]) for one in (networks[0], *seen, networks[1])]
    assert np.all(np.diff(weights) > 0) or np.all(np.diff(weights) < 0)
