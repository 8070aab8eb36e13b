"""The fused network is the same function, only quicker."""

from __future__ import annotations

import pytest
import torch

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running.fused import FusedUNet, fold_batch_norms, fuse_network
from napari_unet.models.unet import UNet

SMALL = UNetConfig(depth=2, base_channels=8, in_channels=2, out_channels=3)


def trained(config: UNetConfig) -> UNet:
    """A network whose BatchNorms have seen something, so that folding them matters."""
    torch.manual_seed(0)
    network = UNet(config)
    torch.nn.init.kaiming_normal_(network.final.weight)  # of no two pixels of a square alike
    for _ in range(3):
        network(3 + 2 * torch.randn(2, config.in_channels, 32, 32))
    return network.eval()


@pytest.mark.parametrize("stem", [1, 2])
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_folding_and_fusing_change_nothing(normalization: str, stem: int) -> None:
    network = trained(SMALL.model_copy(update={"normalization": normalization, "stem": stem}))
    x = torch.randn(2, 2, 40, 24)
    with torch.inference_mode():
        expected = network(x)
        fused = fuse_network(fold_batch_norms(network).to(memory_format=torch.channels_last))  # type: ignore[call-overload]
        assert isinstance(fused, FusedUNet)
        torch.testing.assert_close(fused(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows", [slice(0, 96), slice(0, 10), slice(37, 61), slice(48, 96)])
@pytest.mark.parametrize(("depth", "stem"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (4, 2)])
def test_a_region_is_answered_as_the_whole_is(depth: int, stem: int, rows: slice) -> None:
    network = trained(SMALL.model_copy(update={"depth": depth, "stem": stem}))
    fused = fuse_network(fold_batch_norms(network))
    x = torch.randn(1, 2, 96, 64)
    for region in ((rows, slice(0, 64)), (rows, slice(16, 33))):
        with torch.inference_mode():
            torch.testing.assert_close(fused(x, region), fused(x)[(..., *region)], rtol=1e-5, atol=1e-5)


def test_bfloat16_is_close_to_float32() -> None:
    network = trained(SMALL)
    x = torch.randn(1, 2, 64, 64)
    with torch.inference_mode():
        expected = torch.sigmoid(network(x))
        fused = fuse_network(fold_batch_norms(network).bfloat16())
        found = torch.sigmoid(fused(x.bfloat16()).float())
    assert (found - expected).abs().max() < 0.05


def test_the_network_itself_is_left_alone() -> None:
    network = trained(SMALL)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    fuse_network(fold_batch_norms(network))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.mark.parametrize("update", [{"residual": True}, {"upsampling": "interpolated"}, {"normalization": "group"}])
def test_what_cannot_be_fused_is_used_as_it_is(update: dict[str, object]) -> None:
    network = UNet(UNetConfig.model_validate(SMALL.model_dump() | update)).eval()
    assert fuse_network(network) is network


def test_a_copy_to_predict_with_has_weights_of_its_own() -> None:
    network = trained(SMALL)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    copied = fold_batch_norms(network).to(torch.bfloat16)
    with torch.no_grad():
        for weight in copied.parameters():
            weight.zero_()
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(value, after[name]) and value.dtype == after[name].dtype for name, value in before.items())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
