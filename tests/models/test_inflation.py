"""A network of planes made one of volumes: what it says of a slice, where it pools, and how it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import seen
from torch import nn

from napari_unet.errors import UserError
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.inflation import count_flat_stages, inflate_model, inflate_network
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet

SIZES = {"depth": 2, "base_channels": 4}


def flat_model(**fields) -> Model:
    torch.manual_seed(0)
    config = UNetConfig(**{**SIZES, **fields})
    network = UNet(config)
    return Model(seen(network) if config.in_channels == 1 else network, ModelRecord(architecture=config))


def slice_by_slice(network: UNet, volume: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return torch.stack([network(volume[:, :, z]) for z in range(volume.shape[2])], dim=2)


@pytest.mark.parametrize("upsampling", ["transposed", "interpolated"])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("flatness", "z_pooling"), [(1.0, False), (2.2, False), (9.0, True)])
def test_an_inflated_network_says_of_each_slice_what_it_said(
    flatness: float, z_pooling: bool, upsampling: str, residual: bool
) -> None:
    model = flat_model(upsampling=upsampling, residual=residual)
    volume = torch.randn(2, 1, 5, 16, 24)
    deep = inflate_model(model, flatness, z_pooling).network
    with torch.inference_mode():
        torch.testing.assert_close(deep(volume), slice_by_slice(model.network, volume), rtol=1e-4, atol=1e-5)


def test_where_it_pools_along_z_slices_that_are_alike_stay_the_same() -> None:
    model = flat_model()
    volume = torch.randn(1, 1, 1, 16, 16).expand(1, 1, 8, 16, 16)
    with torch.inference_mode():
        found = inflate_model(model, 1.0).network(volume)
    torch.testing.assert_close(found, slice_by_slice(model.network, volume), rtol=1e-4, atol=1e-5)


def test_an_inflated_network_learns_along_z() -> None:
    deep = inflate_model(flat_model(), 1.0).network.train()
    deep(torch.randn(1, 1, 8, 16, 16)).square().mean().backward()
    off_centre = deep.encoder[0].conv1.weight.grad[:, :, 0]
    assert off_centre.abs().max() > 0


@pytest.mark.parametrize(
    ("flatness", "stages"), [(0.5, 0), (1.0, 0), (1.3, 0), (2.15, 1), (4.0, 2), (6.0, 3), (1000.0, 4)]
)
def test_stages_are_flat_until_a_voxel_is_nearly_a_cube(flatness: float, stages: int) -> None:
    assert count_flat_stages(flatness, depth=4) == stages


def test_flat_stages_neither_see_nor_pool_along_z() -> None:
    deep = UNet(UNetConfig(ndim=3, depth=3, base_channels=4, flat_stages=1)).eval()
    kernels = [stage.conv1.kernel_size for stage in (*deep.encoder, deep.bridge, *deep.decoder)]
    assert kernels == [(1, 3, 3), *[(3, 3, 3)] * 5, (1, 3, 3)]
    assert [pool.kernel_size for pool in deep.pools] == [(1, 2, 2), (2, 2, 2), (2, 2, 2)]
    assert [up.conv.stride for up in deep.up] == [(2, 2, 2), (2, 2, 2), (1, 2, 2)]
    assert [axis.factor for axis in deep.config.axes] == [4, 8, 8]
    assert deep(torch.zeros(1, 1, 4, 8, 8)).shape == (1, 2, 4, 8, 8)


@pytest.mark.parametrize("upsampling", ["transposed", "interpolated"])
@pytest.mark.parametrize("fields", [{}, {"flat_stages": 1}, {"flat_stages": 1, "z_pooling": False}])
def test_nothing_beyond_the_halo_is_seen_along_z(fields: dict, upsampling: str) -> None:
    config = UNetConfig(ndim=3, depth=2, base_channels=4, upsampling=upsampling, **fields)
    axis, network = config.axes[0], seen_volumes(UNet(config)).double()
    start = 2 * axis.halo
    volume = torch.randn(1, 1, start + axis.factor + 2 * axis.halo, 8, 8, dtype=torch.float64, requires_grad=True)
    network(volume)[:, :, start : start + axis.factor].abs().sum().backward()
    where = np.flatnonzero(volume.grad.abs().amax(dim=(0, 1, 3, 4)).numpy() > 0)
    first, last = start - where[0], where[-1] - (start + axis.factor - 1)
    assert 0 < max(first, last) <= axis.halo <= max(first, last) + axis.factor


def seen_volumes(network: UNet) -> UNet:
    """Each weight above 0, so that nothing that is seen goes unnoticed."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                module.weight.abs_()
    return network.eval()


@pytest.mark.parametrize("fields", [{}, {"flat_stages": 1}, {"flat_stages": 2}, {"flat_stages": 1, "z_pooling": False}])
def test_without_padding_as_much_is_lost_along_z_as_it_is_told(fields: dict) -> None:
    config = UNetConfig(ndim=3, depth=1, base_channels=4, padding="valid", **fields)
    depth = 2 * config.axes[0].margin + 2
    assert config.axes[0].fits(depth)
    with torch.inference_mode():
        found = UNet(config).eval()(torch.zeros(1, 1, depth, 20, 20))
    assert found.shape == (1, 2, 2, 4, 4)


def test_a_3d_model_is_kept_in_the_same_kind_of_file(tmp_path: Path) -> None:
    saved = save_model(inflate_model(flat_model(), 2.0), tmp_path / "deep.safetensors")
    loaded = load_model_file(saved.path)
    assert loaded.record.architecture.ndim == 3
    assert loaded.record.architecture.flat_stages == 1
    assert loaded.record.axes == "ZYX"
    volume = torch.randn(1, 1, 4, 16, 16)
    with torch.inference_mode():
        assert torch.equal(loaded.network(volume), saved.network(volume))


def test_a_model_of_volumes_stays_as_it_is() -> None:
    deep = inflate_model(flat_model(), 1.0)
    assert inflate_model(deep, 8.0) is deep


def test_several_channels_are_refused() -> None:
    with pytest.raises(UserError, match="one channel"):
        inflate_model(flat_model(in_channels=3))


def test_the_network_stays_in_its_mode() -> None:
    model = flat_model()
    config = model.record.architecture.model_copy(update={"ndim": 3})
    assert not inflate_network(model.network.eval(), config).training
