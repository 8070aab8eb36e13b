"""From image to labels with the model that ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images import view as view_module
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.tiles import queue as plane_module
from napari_unet.workflows.segmenting import segment

KNOWN = SegmentConfig(diameter=30)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


@pytest.fixture(scope="module")
def field() -> Image:
    return read_image(sample_path("nuclei_2d"))


@pytest.fixture(scope="module")
def stack() -> Image:
    volume = read_image(sample_path("nuclei_3d"))
    return Image.from_array(np.asarray(volume.data)[4:10, :128, :128], "ZYX")


# Small tiles see mostly their surroundings, and bfloat16 is slow where the processor has none: few of both.
@pytest.mark.parametrize(
    ("shape", "precision", "tiles"),
    [
        ((201, 159), "float32", (131, 160)),
        ((128, 128), "float32", (72, 100)),
        ((97, 230), "float32", (100, 131)),
        ((97, 110), "float32", (64, 72)),
        ((97, 150), "bfloat16", (131,)),
    ],
)
def test_labels_do_not_depend_on_the_tile_size(
    field: Image, model: Model, shape: tuple[int, int], precision: str, tiles: tuple[int, ...]
) -> None:
    part = Image.from_array(np.asarray(field.data)[: shape[0], : shape[1]], "YX")
    whole = drain(segment_steps(part, model, KNOWN.model_copy(update={"tile": 4096, "precision": precision})))
    assert whole.n_objects > 5
    for tile in tiles:
        tiled = drain(segment_steps(part, model, KNOWN.model_copy(update={"tile": tile, "precision": precision})))
        assert np.array_equal(tiled.labels, whole.labels), tile


@pytest.mark.parametrize("diameter", [9.0, 70.0])
def test_nor_when_the_image_is_resampled(field: Image, model: Model, diameter: float) -> None:
    part = Image.from_array(np.asarray(field.data)[:141, :110], "YX")
    configs = [SegmentConfig(diameter=diameter, tile=tile) for tile in (4096, 64, 128)]
    whole, *tiled = [drain(segment_steps(part, model, config)).labels for config in configs]
    assert all(np.array_equal(labels, whole) for labels in tiled)


@pytest.mark.parametrize("dark", [False, True])
def test_grey_values_of_the_estimate_serve_the_labels_too(
    field: Image, model: Model, dark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.asarray(field.data)[:160, :160]
    part = Image.from_array(data.max() - data if dark else data, "YX")
    estimated = drain(segment_steps(part, model, SegmentConfig(invert="auto", tile=96)))
    assert estimated.inverted == dark
    measured = []
    measure = view_module.volume_limits
    monkeypatch.setattr(view_module, "volume_limits", lambda *args: measured.append(args) or measure(*args))
    drain(segment_steps(part, model, SegmentConfig(invert="auto", tile=96)))
    assert not measured
    told = SegmentConfig(diameter=estimated.diameter, invert="yes" if dark else "no", tile=96)
    assert np.array_equal(drain(segment_steps(part, model, told)).labels, estimated.labels)
    assert len(measured) == 1


def test_touching_nuclei_come_apart(field: Image, model: Model) -> None:
    truth = np.asarray(read_image(sample_labels_path("nuclei_2d")).data)
    found = drain(segment_steps(field, model))
    assert tally_objects(truth, found.labels).average_precision()[0.5] > 0.6


def test_events_tell_the_story_in_order(stack: Image, model: Model) -> None:
    events = list(segment_steps(stack, model, KNOWN, current=(3,)))
    assert isinstance(events[0], Estimated)
    assert isinstance(events[-1], Finished)
    planes = [event.plane for event in events if isinstance(event, PlaneDone)]
    assert planes[0] == (3,)
    assert sorted(planes) == [(z,) for z in range(6)]
    left = [event.seconds_left for event in events if isinstance(event, PlaneDone)]
    assert left[-1] == pytest.approx(0)
    assert events[-1].result.done.all()


def test_tiles_in_view_are_done_first(field: Image, model: Model) -> None:
    config = KNOWN.model_copy(update={"tile": 256, "dim_objects": "no"})
    tiles = [
        e
        for e in segment_steps(field, model, config, view=(slice(400, 500), slice(0, 90)), provisional=True)
        if isinstance(e, TileDone)
    ]
    assert tiles[0].region[0].stop > 400
    assert tiles[0].region[1].start < 90
    assert tiles[0].labels is not None
    assert tiles[0].labels.shape == tuple(s.stop - s.start for s in tiles[0].region)
    covered = np.zeros(field.shape, int)
    for tile in tiles:
        covered[tile.region] += 1
    assert (covered == 1).all()


def test_slices_are_linked_through_z(stack: Image, model: Model) -> None:
    found = drain(segment_steps(stack, model, KNOWN))
    through = [label for label in np.unique(found.labels)[1:] if (found.labels == label).any(axis=(1, 2)).sum() > 2]
    assert len(through) > 3


def test_a_plane_alone_is_as_in_its_stack(stack: Image, model: Model) -> None:
    slices = KNOWN.model_copy(update={"stack": "slices"})
    alone = drain(segment_steps(stack, model, slices, Scope("plane", (2,))))
    together = drain(segment_steps(stack, model, slices))
    assert alone.done.tolist() == [False, False, True, False, False, False]
    assert not alone.labels[0].any()
    assert np.array_equal(alone.labels[2] > 0, together.labels[2] > 0)


def test_scopes_of_a_time_lapse_of_stacks(stack: Image, model: Model) -> None:
    data = np.stack([np.asarray(stack.data)[:2, :64, :64]] * 3)
    image = Image.from_array(data, "TZYX")
    assert drain(segment_steps(image, model, KNOWN, Scope("volume", (1, 0)))).done.tolist() == [[0, 0], [1, 1], [0, 0]]
    assert drain(segment_steps(image, model, KNOWN, Scope("plane", (2, 1)))).done.tolist() == [[0, 0], [0, 0], [0, 1]]
    assert drain(segment_steps(image, model, KNOWN)).done.all()


def test_stop_keeps_what_is_done(stack: Image, model: Model) -> None:
    stop = StopFlag()
    result: Segmentation | None = None
    for event in segment_steps(stack, model, KNOWN, stop=stop):
        if isinstance(event, PlaneDone) and event.done == 2:
            stop.request()
        if isinstance(event, Finished):
            assert event.stopped
            result = event.result
    assert result is not None
    assert result.done.sum() == 2
    assert result.labels.any()


def test_probability_maps_come_on_request(field: Image, model: Model) -> None:
    found = drain(segment_steps(field, model, KNOWN.model_copy(update={"keep_probability": True})))
    assert found.probability is not None
    assert found.probability.shape == (2, *field.shape)
    assert 0 <= found.probability.min() < found.probability.max() <= 1
    assert drain(segment_steps(field, model, KNOWN)).probability is None


@pytest.mark.parametrize("fill", ["zero", "constant", "saturated", "nan", "infinite"])
def test_images_without_content_have_no_objects(model: Model, fill: str) -> None:
    value = {"zero": 0, "constant": 7, "saturated": 65535, "nan": np.nan, "infinite": np.inf}[fill]
    image = Image.from_array(np.full((70, 81), value, np.float32), "YX")
    assert drain(segment_steps(image, model)).n_objects == 0


def test_a_dead_frame_or_stray_pixels_do_not_spoil_the_rest(field: Image, model: Model) -> None:
    data = np.asarray(field.data)[:128, :128].astype(np.float32)
    hurt = data.copy()
    hurt[5, 5], hurt[9, 9], hurt[60, 60] = np.nan, np.inf, -np.inf
    fine, found = (drain(segment_steps(Image.from_array(d, "YX"), model, KNOWN)).n_objects for d in (data, hurt))
    assert abs(fine - found) <= 2
    movie = Image.from_array(np.stack([data, np.zeros_like(data)]), "TYX")
    labels = drain(segment_steps(movie, model, KNOWN)).labels
    assert labels[0].max() == fine
    assert not labels[1].any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64", ">u2", ">f4", "bool"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 200), (33, 1)])
def test_any_dtype_and_any_size(model: Model, dtype: str, shape: tuple[int, int]) -> None:
    data = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    assert drain(segment_steps(Image.from_array(data, "YX"), model, KNOWN)).labels.shape == shape


class _Forgetful(Predictor):
    """Runs out of memory on anything larger than 260 pixels a side."""

    def predict(self, tiles: Any, region: Any = None) -> Any:
        if max(tiles.shape[-2:]) > 260:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")
        return super().predict(tiles, region)


class _Amnesic(Predictor):
    def predict(self, tiles: Any, region: Any = None) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")


def test_out_of_memory_means_smaller_tiles(field: Image, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Image.from_array(np.asarray(field.data)[:320, :96], "YX")
    expected = drain(segment_steps(part, model, KNOWN)).labels
    monkeypatch.setattr("napari_unet.segmentation.beginning.Predictor", _Forgetful)
    assert np.array_equal(drain(segment_steps(part, model, KNOWN)).labels, expected)


def test_no_memory_at_all_gets_a_sentence(field: Image, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_unet.segmentation.beginning.Predictor", _Amnesic)
    with pytest.raises(UserError, match="memory"):
        drain(segment_steps(field, model, KNOWN))


def test_other_errors_are_not_taken_for_want_of_memory() -> None:
    assert plane_module.is_out_of_memory(MemoryError())
    assert not plane_module.is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_diameter_is_estimated_within_a_third(field: Image, model: Model, factor: float) -> None:
    truth = np.asarray(read_image(sample_labels_path("nuclei_2d")).data)
    true = float(np.median(2 * np.sqrt(np.bincount(truth.ravel())[1:] / np.pi))) * factor
    data = torch.nn.functional.interpolate(
        torch.from_numpy(np.asarray(field.data).astype(np.float32))[None, None], scale_factor=factor, mode="area"
    )[0, 0].numpy()
    first = next(iter(segment_steps(Image.from_array(data, "YX"), model)))
    assert isinstance(first, Estimated)
    assert true / 1.33 < first.diameter < true * 1.33


@pytest.fixture(params=[{}, {"flat_stages": 1}, {"z_pooling": False}], ids=str)
def volumetric(request: pytest.FixtureRequest) -> Model:
    torch.manual_seed(0)
    architecture = UNetConfig(ndim=3, depth=1, base_channels=4, **request.param)
    return Model(UNet(architecture).eval(), ModelRecord(architecture=architecture, axes="ZYX"))


def test_a_3d_network_works_on_volumes_whatever_the_tile(stack: Image, volumetric: Model) -> None:
    part = Image.from_array(np.asarray(stack.data)[:, :50, :60], "ZYX")
    results = [
        drain(segment_steps(part, volumetric, KNOWN.model_copy(update={"tile": t, "keep_probability": True})))
        for t in (64, 4096)
    ]
    assert results[0].labels.shape == part.shape
    np.testing.assert_allclose(results[0].probability, results[1].probability, atol=1e-3)


def test_a_3d_network_asks_for_a_stack(field: Image, volumetric: Model) -> None:
    with pytest.raises(UserError, match="z-stack"):
        drain(segment_steps(field, volumetric, KNOWN))


def test_a_semantic_model_gives_classes(field: Image) -> None:
    architecture = UNetConfig(depth=1, base_channels=4, out_channels=3)
    record = ModelRecord(
        architecture=architecture, task="semantic", outputs=("a", "b", "c"), class_names=("background", "b", "c")
    )
    labels = drain(segment_steps(field, Model(UNet(architecture).eval(), record), KNOWN)).labels
    assert set(np.unique(labels)) <= {0, 1, 2}


def test_the_call_takes_paths_and_arrays(field: Image, model: Model) -> None:
    by_path = segment(sample_path("nuclei_2d"), diameter=30)
    by_array = segment(np.asarray(field.data), model, axes="YX", diameter=30)
    assert np.array_equal(by_path.labels, by_array.labels)
    with pytest.raises(UserError):
        segment(np.zeros((3, 4)), model, axes="ZYX")


def test_labels_for_the_eye_are_formed_only_if_asked_for(field: Image, model: Model) -> None:
    config = KNOWN.model_copy(update={"tile": 128, "dim_objects": "no"})
    for provisional in (False, True):
        events = list(segment_steps(field, model, config, provisional=provisional))
        labels = [event.labels for event in events if isinstance(event, TileDone)]
        assert len(labels) > 1
        assert all((one is not None) == provisional for one in labels)


def test_what_the_estimate_saw_is_not_computed_again(
    field: Image, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Image.from_array(np.asarray(field.data)[:200, :200], "YX")
    expected = drain(segment_steps(part, model, SegmentConfig(tile=4096, dim_objects="no")))
    seen = []
    predict = Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, *given: seen.append(given) or predict(self, *given))
    found = drain(segment_steps(part, model, SegmentConfig(dim_objects="no")))
    assert len(seen) == 1
    assert np.array_equal(found.labels, expected.labels)


def test_a_negative_is_noticed(field: Image, model: Model) -> None:
    data = np.asarray(field.data).astype(np.float32)
    config = SegmentConfig(invert="auto")
    images = [Image.from_array(d, "YX") for d in (data, data.max() - data)]
    usual, negative = (drain(segment_steps(image, model, config)) for image in images)
    assert (usual.inverted, negative.inverted) == (False, True)
    assert tally_objects(usual.labels, negative.labels).average_precision()[0.5] > 0.95
    asked = drain(segment_steps(images[1], model, SegmentConfig(invert="no")))
    assert not asked.inverted


@pytest.mark.parametrize("mean", [0.5, 100])
def test_noise_holds_no_objects(model: Model, mean: float) -> None:
    data = np.random.default_rng(0).poisson(mean, (256, 256)).astype(np.uint8)
    assert drain(segment_steps(Image.from_array(data, "YX"), model)).n_objects == 0


def test_the_limits_of_a_stack_are_measured_once(stack: Image, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    original = view_module.volume_limits
    monkeypatch.setattr(view_module, "volume_limits", lambda *given: measured.append(given) or original(*given))
    drain(segment_steps(stack, model, KNOWN))
    assert len(measured) == 1
