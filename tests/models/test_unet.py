"""The network is the paper's: its layers, sizes, alignment and initialization."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from napari_unet.models.architecture import PAPER_2015, UNetConfig
from napari_unet.models.unet import UNet, _crop_to

CONVOLUTIONS = (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@pytest.fixture(scope="module")
def paper() -> UNet:
    torch.manual_seed(0)
    return UNet(PAPER_2015).eval()


def test_paper_preset_has_23_convolutional_layers(paper: UNet) -> None:
    kinds = [type(m).__name__ + str(m.kernel_size) for m in paper.modules() if isinstance(m, CONVOLUTIONS)]
    assert len(kinds) == 23
    assert kinds.count("Conv2d(3, 3)") == 18
    assert kinds.count("ConvTranspose2d(2, 2)") == 4
    assert kinds.count("Conv2d(1, 1)") == 1


def test_paper_preset_has_the_parameters_that_follow_from_figure_1(paper: UNet) -> None:
    def conv(i: int, o: int, k: int) -> int:
        return i * o * k * k + o

    down = [(1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    expected = sum(conv(i, o, 3) + conv(o, o, 3) for i, o in down)
    expected += sum(conv(2 * w, w, 2) + conv(2 * w, w, 3) + conv(w, w, 3) for w in (512, 256, 128, 64))
    expected += conv(64, 2, 1)
    assert sum(p.numel() for p in paper.parameters()) == expected == 31_030_658


def test_paper_preset_turns_572_into_388(paper: UNet) -> None:
    with torch.inference_mode():
        assert paper(torch.zeros(1, 1, 572, 572)).shape == (1, 2, 388, 388)
    assert PAPER_2015.margin == (572 - 388) // 2


def test_paper_preset_has_dropout_at_the_end_of_the_encoder_only(paper: UNet) -> None:
    assert paper.dropout.p == 0.5


def test_weights_are_drawn_as_he_et_al_ask(paper: UNet) -> None:
    for module in paper.modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 10_000:
            fan_in = module.weight[0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.05)
            assert module.weight.mean().abs().item() < 0.1 * (2 / fan_in) ** 0.5
            assert module.bias is not None
            assert not module.bias.any()


def test_activations_keep_their_size_through_the_paper_s_depth(paper: UNet) -> None:
    with torch.inference_mode():
        out = paper(torch.randn(1, 1, 572, 572, generator=torch.Generator().manual_seed(0)))
    assert 0.05 < out.std().item() < 20


def test_a_cropped_skip_stays_aligned_with_what_it_meets() -> None:
    skip = torch.arange(12.0).expand(1, 1, 12, 12)
    assert _crop_to(skip, torch.zeros(1, 1, 8, 8))[0, 0, 0].tolist() == list(range(2, 10))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("upsampling", ["transposed", "interpolated"])
@pytest.mark.parametrize("normalization", ["none", "batch", "group", "instance"])
@pytest.mark.parametrize(("ndim", "residual"), [(2, False), (3, True)])
def test_every_option_builds_runs_and_learns(
    padding: str, upsampling: str, normalization: str, ndim: int, residual: bool
) -> None:
    config = UNetConfig.model_validate(
        {
            "ndim": ndim, "in_channels": 2, "out_channels": 3, "depth": 1, "base_channels": 4, "padding": padding,
            "upsampling": upsampling, "normalization": normalization, "residual": residual,
        }
    )  # fmt: skip
    network = UNet(config)
    side = 20 if padding == "valid" else 8
    out = network(torch.randn(2, 2, *[side] * ndim))
    assert out.shape == (2, 3, *[side - 2 * config.margin] * ndim)
    out.square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_a_size_that_pooling_would_misalign_is_refused() -> None:
    with pytest.raises(ValueError, match="odd size"):
        UNet(UNetConfig(depth=2, base_channels=4))(torch.zeros(1, 1, 10, 10))


@pytest.mark.parametrize(("depth", "upsampling"), list(itertools.product([1, 2, 3], ["transposed", "interpolated"])))
def test_receptive_radius_is_what_gradients_say(depth: int, upsampling: str) -> None:
    config = UNetConfig.model_validate(
        {"depth": depth, "base_channels": 2, "normalization": "none", "upsampling": upsampling}
    )
    network = UNet(config).eval()
    for p in network.parameters():
        p.data = p.data.abs() + 0.01
    side = 8 * config.pooling_factor * 4
    x = torch.rand(1, 1, side, side, requires_grad=True)
    y = network(x)
    reach = 0
    for place in range(side // 2, side // 2 + config.pooling_factor):
        (gradient,) = torch.autograd.grad(y[0, 0, place, place], x, retain_graph=True)
        seen = torch.nonzero(gradient[0, 0].abs().sum(1))
        reach = max(reach, place - int(seen.min()), int(seen.max()) - place)
    assert reach <= config.receptive_radius < reach + 2 * config.pooling_factor
    assert config.halo <= config.receptive_radius
