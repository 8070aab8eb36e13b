"""Networks whose first stage takes squares of pixels together: all that reads a network reads these rightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import HEAD, make_batch, make_network, seen
from torch import Tensor, nn

from napari_unet.classification.network_sight import InsidePredictor
from napari_unet.cli.models import _network
from napari_unet.finetuning.material.colour import _last_features
from napari_unet.heads.registry import head_named
from napari_unet.images.image import Image
from napari_unet.learning.last_layer import fit_last_layer, last_features
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.inflation import count_flat_stages, inflate_model
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.fused import FusedUNet, fold_batch_norms, fuse_network
from napari_unet.models.running.quantized import QuantizedUNet, quantize_network
from napari_unet.models.unet import UNet
from napari_unet.segmentation.looks import measure_look
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.queue import predict_plane
from napari_unet.segmentation.tiles.tiling import plan_tiles


def varied(network: UNet) -> UNet:
    """Its final layer says something of its own for each pixel of a square."""
    with torch.no_grad():
        nn.init.normal_(network.final.weight)
    return network


def stem_model(**fields: object) -> Model:
    torch.manual_seed(0)
    config = UNetConfig.model_validate({"depth": 2, "base_channels": 4, "stem": 2} | fields)
    return Model(varied(seen(UNet(config))), ModelRecord(architecture=config))


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("shape", [(97, 150), (64, 64), (35, 121)])
def test_tiles_say_what_the_whole_plane_says(precision: str, shape: tuple[int, int]) -> None:
    predictor = Predictor(stem_model(), Engine("cpu", precision))
    pixels = np.random.default_rng(0).random(shape, np.float32)
    whole, small, smaller = (
        predict_plane(predictor, SeenPlane(pixels, shape, 1), tile).at_image_size() for tile in (4096, 40, 33)
    )
    assert np.ptp(whole) > 0.1
    np.testing.assert_allclose(small, whole, atol=1e-3)
    np.testing.assert_allclose(smaller, whole, atol=1e-3)


@pytest.mark.parametrize(
    ("padding", "upsampling"), [("same", "transposed"), ("same", "interpolated"), ("valid", "transposed")]
)
@pytest.mark.parametrize(("ndim", "shape", "tile"), [(2, (70, 91), 24), (3, (9, 30, 37), 12)])
def test_so_it_is_without_padding_and_of_volumes(
    ndim: int, shape: tuple[int, ...], tile: int, padding: str, upsampling: str
) -> None:
    config = UNetConfig.model_validate(
        {"ndim": ndim, "depth": 1, "base_channels": 4, "stem": 2, "padding": padding, "upsampling": upsampling}
    )
    torch.manual_seed(0)
    network, image = varied(UNet(config)).eval(), torch.rand(shape)
    whole, tiled = (answered(network, image, side) for side in (4096, tile))
    torch.testing.assert_close(tiled, whole, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def answered(network: UNet, image: Tensor, tile: int) -> Tensor:
    plan = plan_tiles(image.shape, tile, network.config)
    padded = torch.from_numpy(np.pad(image.numpy(), plan.border, mode="symmetric"))
    found = torch.full((2, *image.shape), torch.nan)
    for one in plan.tiles:
        found[(slice(None), *one.core)] = network(padded[one.read][None, None])[0][(slice(None), *one.crop)]
    return found


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_last_layer_learns_what_each_pixel_of_a_square_is(ndim: int) -> None:
    network, batch = make_network(stem=2, ndim=ndim), make_batch(ndim=ndim, side=8)
    with torch.no_grad():
        torch.testing.assert_close(network.answer(last_features(network, batch.images)), network(batch.images))
    columns = torch.zeros_like(batch.targets)
    columns[..., ::2] = 1

    def loss(logits: Tensor) -> Tensor:
        return HEAD.loss(logits, columns, batch.weights)

    before = fit_last_layer(network, [batch.images], [loss], steps=0)
    assert fit_last_layer(network, [batch.images], [loss], steps=60) < 0.75 * before


def test_a_flat_stack_is_answered_as_its_plane() -> None:
    model = stem_model()
    plane = torch.randn(1, 1, 24, 16)
    for flatness, z_pooling in ((1.0, True), (1.0, False), (4.0, True)):
        deep = inflate_model(model, flatness, z_pooling).network
        with torch.inference_mode():
            found, wanted = deep(plane[:, :, None].expand(-1, -1, 8, -1, -1)), model.network(plane)[:, :, None]
            torch.testing.assert_close(found, wanted.expand_as(found), rtol=1e-4, atol=1e-4)


def test_the_stem_makes_pixels_longer_before_any_pooling() -> None:
    deep = inflate_model(stem_model(depth=3), flatness=4.0).record.architecture
    assert deep.flat_stages == count_flat_stages(2.0, 3) == 1
    assert [axis.factor for axis in deep.axes] == [4, 16, 16]


@pytest.mark.parametrize(("stem", "depth"), [(2, 5), (1, 6)])
def test_deep_networks_are_as_quick_as_others(stem: int, depth: int) -> None:
    """What they are tried on and measured with is as large as they need."""
    config = UNetConfig.model_validate({"stem": stem, "depth": depth, "base_channels": 2})
    network = fold_batch_norms(UNet(config).eval())
    assert isinstance(fuse_network(network), FusedUNet)
    assert isinstance(quantize_network(network), QuantizedUNet)


def test_features_are_given_at_full_size() -> None:
    model, plane = stem_model(), np.random.default_rng(0).random((21, 30), np.float32)
    found = _last_features(plane, model)
    assert found.shape == (4, 21, 30)
    padded = torch.from_numpy(np.pad(plane, [(0, 3), (0, 2)], mode="edge"))[None, None]
    with torch.inference_mode():
        coarse = last_features(model.network, padded)[0].numpy()
    np.testing.assert_allclose(found, coarse[:, np.arange(21) // 2][:, :, np.arange(30) // 2])


def test_what_it_saw_of_an_object_is_at_the_object() -> None:
    eyes = InsidePredictor(stem_model(), Engine("cpu", "float32"))
    tile = np.random.default_rng(0).random((1, 1, 48, 64), np.float32)
    deep, fine = eyes.look(tile)
    assert (deep.shape, fine.shape) == ((16, 6, 8), (4, 48, 64))
    changed = tile.copy()
    changed[..., :8] += 5
    assert np.flatnonzero((eyes.look(changed)[1] != fine).any(axis=(0, 1))).max() < 8 + eyes.record.architecture.halo


def test_the_look_of_an_image_is_of_all_its_pixels() -> None:
    model, pixels = stem_model(), np.random.default_rng(0).random((64, 64), np.float32)
    pixels[:, ::2] += np.linspace(0, 1, 64)[:, None]
    other = pixels.copy()
    other[:, 1::2] = other[::-1, 1::2]  # each even column, and all grey values, as they were
    look, beside = (measure_look(Image(one, "YX"), model) for one in (pixels, other))
    assert look.shape == (2 * (4 + 8 + 16) + 1,)
    assert np.abs(look - beside).max() > 0.01


@pytest.mark.parametrize(("task", "sign"), [("instances", -1), ("semantic", 1)])
def test_a_new_last_layer_finds_nothing_in_any_pixel_of_a_square(task: str, sign: int) -> None:
    network = make_network(stem=2)
    with torch.no_grad():
        network.final.weight.zero_()
        head_named(task).quieten(network.final, network.config.together)
        logits = network(torch.rand(1, 1, 8, 8))
    assert (sign * logits[:, 0] > 1).all()
    assert not logits[:, 1].any()


def test_it_is_kept_in_a_model_file_and_told_by_the_command_line(tmp_path: Path) -> None:
    saved = save_model(stem_model(), tmp_path / "m.safetensors")
    loaded, image = load_model_file(saved.path), torch.rand(1, 1, 24, 32)
    with torch.inference_mode():
        assert torch.equal(loaded.network(image), saved.network(image))
    assert _network(loaded.record) == "U-Net, 2D, depth 2, 4 base channels, pixels taken 2 x 2 together"
