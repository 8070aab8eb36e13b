"""The network is the paper's: its layers, sizes, alignment and initialization."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from napari_unet.models.architecture import PAPER_2015, UNetConfig
from napari_unet.models.unet import UNet, _crop_to, depth_to_space, space_to_depth, with_outputs

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
@pytest.mark.parametrize(("ndim", "residual", "stem"), [(2, False, 1), (3, True, 1), (2, True, 2), (3, False, 2)])
def test_every_option_builds_runs_and_learns(
    padding: str, upsampling: str, normalization: str, ndim: int, residual: bool, stem: int
) -> None:
    config = UNetConfig.model_validate(
        {
            "ndim": ndim, "in_channels": 2, "out_channels": 3, "depth": 1, "base_channels": 4, "padding": padding,
            "upsampling": upsampling, "normalization": normalization, "residual": residual, "stem": stem,
        }
    )  # fmt: skip
    network = UNet(config)
    sizes = [(20 if padding == "valid" else 8) * axis.stem for axis in config.axes]
    assert all(axis.fits(size) for axis, size in zip(config.axes, sizes, strict=True))
    out = network(torch.randn(2, 2, *sizes))
    assert out.shape == (2, 3, *(size - 2 * axis.margin for axis, size in zip(config.axes, sizes, strict=True)))
    out.square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_a_size_that_pooling_would_misalign_is_refused() -> None:
    with pytest.raises(ValueError, match="odd size"):
        UNet(UNetConfig(depth=2, base_channels=4))(torch.zeros(1, 1, 10, 10))


def test_a_size_that_the_stem_would_misalign_is_refused() -> None:
    config = UNetConfig(depth=1, base_channels=4, stem=2)
    assert [size for size in range(1, 13) if config.axes[0].fits(size)] == [4, 8, 12]
    with pytest.raises(ValueError, match="stem of 2"):
        UNet(config)(torch.zeros(1, 1, 9, 8))


def _reach(config: UNetConfig) -> tuple[int, int]:
    """How far the pixels of one square of the bridge see, by gradients; and how far beyond the square."""
    network = UNet(config).eval()
    for p in network.parameters():
        p.data = p.data.abs() + 0.01
    factor = config.pooling_factor
    side = 32 * factor
    x = torch.rand(1, 1, side, side, requires_grad=True)
    y, first = network(x), side // 2
    reach = beyond = 0
    for place in range(first, first + factor):
        (gradient,) = torch.autograd.grad(y[0, 0, place, place], x, retain_graph=True)
        seen = torch.nonzero(gradient[0, 0].abs().sum(1))
        low, high = int(seen.min()), int(seen.max())
        reach, beyond = max(reach, place - low, high - place), max(beyond, first - low, high - (first + factor - 1))
    return reach, beyond


@pytest.mark.parametrize(
    ("depth", "upsampling", "stem"), list(itertools.product([1, 2, 3], ["transposed", "interpolated"], [1, 2]))
)
def test_receptive_radius_is_what_gradients_say(depth: int, upsampling: str, stem: int) -> None:
    config = UNetConfig.model_validate(
        {"depth": depth, "base_channels": 2, "normalization": "none", "upsampling": upsampling, "stem": stem}
    )
    (reach, beyond), factor = _reach(config), config.pooling_factor
    spare = factor if upsampling == "interpolated" else 0  # of two neighbours one is counted that weighs nothing
    assert factor == stem * 2**depth
    assert 0 <= config.receptive_radius - -(-reach // factor) * factor <= spare
    assert 0 <= config.halo - -(-beyond // factor) * factor <= spare


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (2, 3, 5, 4, 6)])
def test_a_square_becomes_channels_beside_each_other_and_a_square_again(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    deep = space_to_depth(x, 2)
    assert deep.shape == (2, 12, *shape[2:-2], 2, 3)
    square = x[1, 2, ..., 2:4, 4:6].flatten(-2)  # in the order of reading
    assert torch.equal(deep[1, 8:12, ..., 1, 2], square.T if square.ndim > 1 else square)
    assert torch.equal(depth_to_space(deep, 2), x)
    if len(shape) == 4:
        assert torch.equal(deep, nn.functional.pixel_unshuffle(x, 2))


@pytest.mark.parametrize("ndim", [2, 3])
def test_outputs_of_a_stem_are_kept_when_others_are_added_or_dropped(ndim: int) -> None:
    config = UNetConfig.model_validate({"ndim": ndim, "base_channels": 4, "depth": 1, "out_channels": 2, "stem": 2})
    network, image = UNet(config).eval(), torch.rand(1, 1, *[8] * ndim)
    network.final.weight.data = torch.randn_like(network.final.weight)  # of no two pixels alike
    more = with_outputs(network, 3).eval()
    assert torch.equal(more(image)[:, :2], network(image))
    assert torch.equal(with_outputs(more, 2).eval()(image), network(image))


def test_a_fresh_map_of_a_stem_is_no_chess_board() -> None:
    out = UNet(UNetConfig(base_channels=4, depth=1, stem=2)).eval()(torch.rand(1, 1, 8, 8))
    assert torch.equal(out[..., ::2, ::2], out[..., 1::2, 1::2])
    assert not torch.equal(out[..., :4, :4], out[..., 4:, 4:])
