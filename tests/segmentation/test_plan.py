"""Planning, predicting and assembling stand apart: each can be done elsewhere, and the labels are the same."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import torch

from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running.engine import Engine
from napari_unet.models.taught import TaughtSizes
from napari_unet.models.unet import UNet
from napari_unet.segmentation import segment as segment_module
from napari_unet.segmentation.assembly import Formed, ImageAssembly, form
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import PlaneDone, TileDone
from napari_unet.segmentation.plan import Plan, decode, make_plan, plan_units, smallest_share
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.queue import TileQueue
from napari_unet.segmentation.tiles.tile import TileAnswer, TileTask, predict_tile

EXACT = Engine("cpu", "float32")
CONFIG = SegmentConfig(
    diameter=10, tile=64, device="cpu", precision="float32", foreground_threshold=0.48, min_diameter=0.05
)


def tiny(ndim: int = 2) -> Model:
    torch.manual_seed(1)
    architecture = UNetConfig(ndim=ndim, depth=2, base_channels=4)
    return Model(UNet(architecture).eval(), ModelRecord(architecture=architecture, object_threshold=0))


def noise(dtype: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def predict_by_file(path: str, task: TileTask) -> TileAnswer:
    """What another process does: it gets the model's file and a tile, and knows nothing else."""
    torch.set_num_threads(1)
    return predict_tile(Predictor(load_model_file(path), EXACT), task)


def assemble(image: Image, model: Model, plan: Plan, elsewhere) -> np.ndarray:
    """Labels of `image`, with everything that goes to `elsewhere` (list of tasks -> answers) pickled on the way."""
    plan = pickle.loads(pickle.dumps(plan))
    assembly = ImageAssembly(image, plan)
    for unit in plan.units:
        seen = plan.see(image, unit)
        tasks = list(TileQueue(Predictor(model, EXACT), seen, plan.config.tile).tasks())
        maps = PlaneMaps(seen, model.record.architecture.out_channels)
        for answer in reversed(elsewhere([pickle.dumps(task) for task in tasks])):  # in whatever order they come back
            maps.put(pickle.loads(answer))
        assembly.take(unit, form(maps, plan))
    assembly.finish(plan)
    return assembly.labels


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize(("ndim", "diameter"), [(2, 20.0), (2, 80.0), (3, 20.0)])
def test_tiles_that_were_sent_around_give_the_same_labels(ndim: int, diameter: float, dtype: str) -> None:
    image, model = Image.from_array(noise(dtype, 3, 100, 130), "ZYX"), tiny(ndim)
    config = CONFIG.model_copy(update={"diameter": diameter, "stack": "slices"})
    expected = drain(segment_steps(image, model, config))
    assert 0.05 < np.mean(expected.labels > 0) < 0.95
    plan = make_plan(plan_units(image, model), expected.view, model.record, config)
    predictor = Predictor(model, EXACT)

    def elsewhere(tasks: list[bytes]) -> list[bytes]:
        return [pickle.dumps(predict_tile(predictor, pickle.loads(task))) for task in tasks]

    np.testing.assert_array_equal(assemble(image, model, plan, elsewhere), expected.labels)


def test_another_process_gives_the_same_labels(tmp_path) -> None:
    model = save_model(tiny(), tmp_path / "tiny.safetensors")
    image = Image.from_array(noise("uint8", 90, 130), "YX")
    expected = drain(segment_steps(image, model, CONFIG))
    plan = make_plan(((),), View(10.0, thresholds=CONFIG.thresholds), model.record, CONFIG)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:

        def elsewhere(tasks: list[bytes]) -> list[bytes]:
            sent = [pool.submit(predict_by_file, str(model.path), pickle.loads(task)) for task in tasks]
            return [pickle.dumps(one.result()) for one in sent]

        np.testing.assert_array_equal(assemble(image, model, plan, elsewhere), expected.labels)


@pytest.mark.parametrize("small", [True, False])
def test_who_stops_a_large_plane_keeps_what_was_shown_and_waits_for_nothing(small: bool, monkeypatch) -> None:
    """No objects are formed anew from the maps of a large plane, and no other tile is predicted."""
    image, stop, seen, predicted = Image.from_array(noise("uint8", 200, 200), "YX"), StopFlag(), [], []
    if not small:
        monkeypatch.setattr(segment_module, "_QUICKLY_FORMED", 100)
    predict = Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, *given: predicted.append(1) or predict(self, *given))
    for event in segment_steps(image, tiny(), CONFIG, stop=stop, provisional=True):
        seen.append(event)
        if isinstance(event, TileDone) and event.done == 2:
            stop.request()
    shown = [event for event in seen if isinstance(event, TileDone)]
    result = seen[-1]
    assert isinstance(result, Finished)
    assert result.stopped
    assert len(predicted) == len(shown) == 2
    assert any(isinstance(event, PlaneDone) for event in seen) is small
    assert result.result.done.all()
    if not small:
        for event in shown:
            np.testing.assert_array_equal(result.result.labels[event.region], event.labels)


def test_who_was_taught_objects_drops_what_is_far_smaller_than_these() -> None:
    """Unless somebody asked for small ones, or few were taught."""
    record = ModelRecord()
    taught = TaughtSizes(median=30.0, low=20.0, high=40.0, n_objects=50)
    assert smallest_share(record, SegmentConfig()) == 0.35
    assert smallest_share(record.model_copy(update={"sizes": taught}), SegmentConfig()) == pytest.approx(0.8 * 20 / 30)
    assert smallest_share(record.model_copy(update={"sizes": taught}), SegmentConfig(min_diameter=0.1)) == 0.1
    few = taught.model_copy(update={"n_objects": 5})
    assert smallest_share(record.model_copy(update={"sizes": few}), SegmentConfig()) == 0.35
    alike = taught.model_copy(update={"low": 29.0})
    assert smallest_share(record.model_copy(update={"sizes": alike}), SegmentConfig()) == 0.7
    spread = taught.model_copy(update={"low": 5.0})
    assert smallest_share(record.model_copy(update={"sizes": spread}), SegmentConfig()) == 0.35


def test_small_objects_are_dropped_by_what_was_taught() -> None:
    maps = np.zeros((2, 60, 60), np.float32)
    for box in ((slice(5, 35), slice(5, 35)), (slice(40, 53), slice(40, 53))):  # sides of 30 and of 13
        maps[0][box], maps[1][box] = 0.99, 0.9
    sizes = TaughtSizes(median=30.0, low=24.0, high=40.0, n_objects=50)
    assert decode(maps, ModelRecord(), SegmentConfig(), 30.0).max() == 2
    assert decode(maps, ModelRecord(sizes=sizes), SegmentConfig(), 30.0).max() == 1


def test_frames_know_their_neighbours_once_all_of_them_are_there() -> None:
    image = Image(np.zeros((3, 8, 20), np.uint8), "TYX")
    plan = make_plan(((0,), (1,), (2,)), View(10.0, "given"), ModelRecord(), SegmentConfig())
    two, one = np.zeros((2, 8, 20), np.int32)
    two[2:6, 2:10], two[2:6, 10:18], one[2:6, 2:18] = 1, 2, 1
    for frames, parted in ((3, True), (2, False)):
        assembly = ImageAssembly(image, plan)
        for t, labels in enumerate((two, one, two)[:frames]):
            assembly.take((t,), Formed(np.zeros((2, 8, 20), np.float32), labels))
        assembly.finish(plan)
        assert (len(np.unique(assembly.labels[1])) == 3) is parted
