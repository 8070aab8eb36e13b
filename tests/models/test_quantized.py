"""A network in integers says nearly what it says in real numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet import load_model
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running import quantized
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.fused import fold_batch_norms
from napari_unet.models.running.quantized import (
    Grid,
    IntegerConv,
    IntegerUp,
    QuantizedUNet,
    count_weight_steps,
    quantize_network,
)
from napari_unet.models.running.ranges import Reach, measure_ranges
from napari_unet.models.running.tile_network import TorchNetwork
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=2, base_channels=8, in_channels=2, out_channels=3)


def network_of(config: UNetConfig) -> UNet:
    torch.manual_seed(0)
    network = UNet(config)
    torch.nn.init.kaiming_normal_(network.final.weight)  # of no two pixels of a square alike
    for _ in range(3):
        network(0.5 + 0.4 * torch.randn(2, config.in_channels, 32, 32))
    return fold_batch_norms(network.eval())


def integers_of(config: UNetConfig) -> QuantizedUNet:
    found = quantize_network(network_of(config))
    assert found is not None
    return found


@pytest.mark.parametrize(("low", "high"), [(0.0, 8.0), (-3.0, 5.0), (0.5, 2.0), (-4.0, -1.0)])
def test_a_grid_has_zero_and_comes_within_half_a_step(low: float, high: float) -> None:
    grid = Grid.over(Reach(low, high))
    real = torch.linspace(min(low, 0.0), max(high, 0.0), 40).reshape(1, 1, 5, 8)
    back = (grid.round(real).float() - grid.zero) * grid.step
    assert (back - real).abs().max() <= 0.51 * grid.step
    assert grid.round(torch.zeros(1, 1, 1, 1)).item() == grid.zero
    assert grid.step == pytest.approx((max(high, 1e-6) - min(low, 0.0)) / 255)


def test_what_lies_beyond_a_grid_is_its_end() -> None:
    grid = Grid.over(Reach(-1.0, 1.0))
    assert grid.round(torch.tensor([-9.0, 9.0]).reshape(1, 1, 1, 2)).flatten().tolist() == [0, 255]


@pytest.mark.parametrize("n_steps", [None, 63])
def test_the_largest_values_are_added_without_being_cut_off(n_steps: int | None) -> None:
    """Where a processor adds in 16 bits (AVX2 alone), 2 x 255 x 127 does not fit; half of it fits everywhere."""
    conv = torch.nn.Conv2d(32, 8, 3, padding=1, bias=False)
    conv.weight.data.fill_(0.5)
    grid = Grid(1 / 255, 0)
    found = IntegerConv(conv, 8, grid, None, n_steps=n_steps)(grid.round(torch.ones(1, 32, 8, 8)))
    assert found[0, :, 4, 4].tolist() == pytest.approx([0.5 * 9 * 32] * 8, rel=1e-3)


@pytest.mark.parametrize(("cut", "steps"), [(1.0, 127), (0.6, 63)])
def test_where_values_are_cut_off_weights_have_half_the_steps(
    monkeypatch: pytest.MonkeyPatch, cut: float, steps: int
) -> None:
    monkeypatch.setattr(quantized.IntegerConv, "forward", lambda self, x: torch.full((1, 1), cut * 16 * 255))
    assert count_weight_steps.__wrapped__() == steps


def test_an_up_convolution_puts_four_pixels_where_they_belong() -> None:
    torch.manual_seed(1)
    up, before, after = torch.nn.ConvTranspose2d(6, 4, 2, stride=2), Grid.over(Reach(0, 1)), Grid.over(Reach(-2, 2))
    x = torch.rand(1, 6, 5, 3)
    found = (IntegerUp(up, 16, before, after)(before.round(x)).float() - after.zero) * after.step
    with torch.inference_mode():
        torch.testing.assert_close(found, up(x), atol=0.03, rtol=0)


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize(("depth", "stem"), [(1, 1), (3, 1), (1, 2), (3, 2)])
def test_integers_say_nearly_the_same(normalization: str, depth: int, stem: int) -> None:
    network = network_of(SMALL.model_copy(update={"normalization": normalization, "depth": depth, "stem": stem}))
    integers = quantize_network(network)
    assert integers is not None
    x = torch.rand(2, 2, 64, 48)
    with torch.inference_mode():
        expected, found = network(x), integers(x)
    assert found.dtype == torch.float32
    assert found.shape == expected.shape
    assert (found - expected).abs().mean() < 0.08 * expected.std()  # a wrong layer: over 0.5


@pytest.mark.parametrize("stem", [1, 2])
def test_a_region_is_answered_as_the_whole_is(stem: int) -> None:
    integers, x = integers_of(SMALL.model_copy(update={"stem": stem})), torch.rand(1, 2, 96, 64)
    region = slice(37, 61), slice(16, 33)
    with torch.inference_mode():
        torch.testing.assert_close(integers(x, region), integers(x)[(..., *region)])


def test_the_shipped_model_finds_the_same_nuclei_within_a_hundredth() -> None:
    body, rng = load_model("nuclei-2d").body, np.random.default_rng(0)
    rows, columns = np.mgrid[:128, :128]
    tile = np.exp(-(((rows % 32) - 16) ** 2 + ((columns % 32) - 16) ** 2) / 60) + 0.02 * rng.random((128, 128))
    tiles = tile[None, None].astype(np.float32)
    exact, integers = (TorchNetwork(body, Engine("cpu", how)) for how in ("float32", "int8"))
    with torch.inference_mode():
        wanted, found = (network(tiles).sigmoid() for network in (exact, integers))
    assert isinstance(integers.module, QuantizedUNet)
    assert integers.itemsize == 1
    assert (wanted > 0.9).any()
    assert (wanted - found).abs().mean() < 0.01


@pytest.mark.parametrize(
    "change",
    [{"ndim": 3}, {"padding": "valid"}, {"normalization": "group"}, {"residual": True}, {"upsampling": "interpolated"}],
)
def test_other_networks_are_computed_as_they_are(change: dict[str, object]) -> None:
    config = UNetConfig(**{**SMALL.model_dump(), **change})
    network = UNet(config).eval()
    assert quantize_network(fold_batch_norms(network)) is None
    assert not isinstance(TorchNetwork(network, Engine("cpu", "int8")).module, QuantizedUNet)


def test_ranges_hold_what_flows_and_are_the_same_each_time() -> None:
    network = network_of(SMALL)
    found = measure_ranges(network)
    assert found == measure_ranges(network)
    assert len(found.encoder) == len(found.up) == len(found.decoder) == SMALL.depth
    assert all(one.low == 0 < one.high for pair in (*found.encoder, found.bridge, *found.decoder) for one in pair)
    doubled = fold_batch_norms(network)
    with torch.no_grad():
        doubled.encoder[0].conv1.weight.mul_(2)
        doubled.encoder[0].conv1.bias.mul_(2)
    assert measure_ranges(doubled).encoder[0][0].high == pytest.approx(2 * found.encoder[0][0].high, rel=1e-5)


def test_decoder_ranges_are_those_of_their_level() -> None:
    network = network_of(SMALL)
    with torch.no_grad():  # the last stage of the decoder answers at the first level
        network.decoder[-1].conv2.weight.zero_()
        network.decoder[-1].conv2.bias.fill_(5.0)
    assert measure_ranges(network).decoder[0][1].high == pytest.approx(6.0)
