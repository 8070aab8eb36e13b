"""Z-stacks as volumes: what is chosen and why, what three views give together, and that a stop keeps the slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.events import Finished, StopFlag, drain
from napari_unet.heads.instances.volume import join_views
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.labels.stacks.scraps import drop_scraps
from napari_unet.models.inflation import inflate_model
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation import beginning
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import PlaneDone
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.plan import decode
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.volumes import choice as choice_module
from napari_unet.segmentation.volumes.choice import choose_stack
from napari_unet.segmentation.volumes.events import SideDone
from napari_unet.segmentation.volumes.forming import by_volume
from napari_unet.segmentation.volumes.maps import VolumeMaps

KNOWN = SegmentConfig(diameter=23, precision="float32")
PART = (slice(2, 12), slice(0, 64), slice(100, 164))
RECORD = ModelRecord()


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


@pytest.fixture(scope="module")
def part() -> Image:
    volume = read_image(sample_path("nuclei_3d"))
    return Image(np.asarray(volume.data)[PART], "ZYX", volume.scale, volume.units)


def _stack(shape: tuple[int, ...], z: float | None = 1.0, axes: str = "ZYX") -> Image:
    scale = {} if z is None else {"Z": z, "Y": 1.0, "X": 1.0}
    return Image(np.zeros(shape, np.uint8), axes, scale, dict.fromkeys(scale, "micrometer"))


@pytest.mark.parametrize(
    ("image", "as_volume", "reason"),
    [
        (_stack((20, 50, 50), 4), True, "about 6 of its 20 slices"),
        (_stack((20, 50, 50), None), True, "voxel size is not known"),
        (_stack((2, 50, 50), 1), False, "2 slices"),
        (_stack((20, 50, 50), 20), False, "20.0 times as long along z"),
    ],
)
def test_what_suits_a_stack_is_chosen_with_the_reason(image: Image, as_volume: bool, reason: str) -> None:
    chosen = choose_stack(image, RECORD, "auto", 24)
    assert chosen is not None
    assert chosen.as_volume is as_volume
    assert reason in chosen.reason


def test_what_is_wanted_is_done_unless_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    thin, classes = _stack((2, 50, 50)), ModelRecord(task="semantic", outputs=("background", "object"))
    wanted = choose_stack(thin, RECORD, "volume")
    assert wanted is not None
    assert wanted.as_volume
    assert not wanted.sides
    assert choose_stack(_stack((50, 50), axes="YX"), RECORD, "volume") is None
    semantic = choose_stack(_stack((20, 50, 50)), classes, "volume")
    assert semantic is not None
    assert not semantic.as_volume
    assert "classes" in semantic.reason
    monkeypatch.setattr(choice_module, "free_memory", lambda: 10_000)
    large = choose_stack(_stack((20, 50, 50)), RECORD, "volume")
    assert large is not None
    assert not large.as_volume
    assert "memory" in large.reason


def test_two_balls_on_top_of_one_another_come_apart_by_their_side_views() -> None:
    z, y, x = np.ogrid[:24, :20, :20]
    balls = [np.sqrt((z - middle) ** 2 + (y - 10) ** 2 + (x - 10) ** 2) for middle in (6, 16)]
    truth = np.where(balls[0] < 6, 1, np.where(balls[1] < 6, 2, 0)).astype(np.int32)
    foreground = (truth > 0) * 0.95
    sides = np.stack([foreground, np.clip(1 - np.minimum(*balls) / 6, 0, 1)])
    # a slice through where they touch shows a disc like any other, with a middle of its own
    disc = np.clip(1 - np.sqrt((y - 10) ** 2 + (x - 10) ** 2) / 6, 0, 1) * foreground
    slices = np.stack([foreground, disc])
    config = SegmentConfig()
    alone = decode(join_views(slices, None), RECORD, config, 12, 1.0)
    together = decode(join_views(slices, sides), RECORD, config, 12, 1.0)
    assert alone.max() == 1
    assert tally_objects(truth, together).main == 1


def test_scraps_go_unless_the_border_may_hide_the_rest() -> None:
    labels = np.zeros((9, 12, 12), np.int32)
    labels[2:7, 4:8, 4:8] = 2  # 80 voxels
    labels[1, 1:3, 1:3] = 3
    labels[0, 9:11, 9:11] = 5
    np.testing.assert_array_equal(np.unique(drop_scraps(labels, 80)), [0, 1, 2])
    assert drop_scraps(labels, 80)[0, 9, 9] == 2
    assert drop_scraps(labels, 81).max() == 1


def test_size_of_an_object_is_that_of_a_ball_in_flat_voxels() -> None:
    maps = np.zeros((2, 9, 12, 12), np.float32)
    maps[:, 2:7, 4:8, 4:8] = 0.9  # 80 voxels; half of 12 pixels across: at least a quarter of the ball's 905
    config = SegmentConfig(min_diameter=0.5)
    assert decode(maps, RECORD, config, 12, 1.0).max() == 0
    assert decode(maps, RECORD, config, 12, 4.0).max() == 1  # 57, where voxels are four times as long


def test_side_views_between_those_looked_at_change_evenly() -> None:
    maps = VolumeMaps(2, (40, 6, 5))
    assert maps.sides() is None
    random = np.random.default_rng(0)
    said = {axis: random.random((2, len(at), 40, 11 - size)).astype(np.float32) for axis, (at, size) in SEEN.items()}
    for axis, (places, _) in SEEN.items():
        maps.begin_sides(axis, places)
        for number in range(len(places)):
            maps.put_side(axis, number, said[axis][:, number])
    found = maps.sides()
    assert found is not None
    expected = np.zeros(found.shape)
    for axis, (places, size) in SEEN.items():
        for at in range(size):
            low = max(number for number, place in enumerate(places) if place <= at)
            high = min(low + 1, len(places) - 1)
            far = (at - places[low]) / max(1, places[high] - places[low])
            view = (1 - far) * said[axis][:, low] + far * said[axis][:, high]
            expected[(slice(None), slice(None), *((at,) if axis == 1 else (slice(None), at)))] += view / 2
    np.testing.assert_allclose(found, expected, atol=2e-3)


SEEN = {1: ([0, 2, 4, 5], 6), 2: ([0, 3, 4], 5)}  # by axis: the places that are looked at, of how many there are


def test_planes_of_a_volume_stay_together() -> None:
    planes = ((1, 1), (0, 1), (1, 0), (1, 2), (0, 0))
    assert by_volume(planes) == ((1, 1), (1, 0), (1, 2), (0, 1), (0, 0))


def test_as_a_volume_outlines_nuclei_better(model: Model, part: Image) -> None:
    import tifffile

    truth = tifffile.imread(sample_labels_path("nuclei_3d"))[PART]
    events = list(segment_steps(part, model, KNOWN))
    found = events[-1].result  # type: ignore[union-attr]
    slices = drain(segment_steps(part, model, KNOWN.model_copy(update={"stack": "slices"})))
    assert found.stack is not None
    assert found.stack.as_volume
    assert slices.stack is not None
    assert not slices.stack.as_volume
    assert tally_objects(truth, found.labels).mean_ap > tally_objects(truth, slices.labels).mean_ap + 0.05
    sides = [event for event in events if isinstance(event, SideDone)]
    assert [event.done for event in sides] == list(range(1, sides[0].total + 1))


def test_a_stop_among_the_side_views_keeps_the_slices_linked(
    model: Model, part: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "averaging_width", lambda *args: 0.0)
    config = KNOWN.model_copy(update={"stack": "volume"})
    stop, last = StopFlag(), None
    whole = Image(np.asarray(part.data)[:, :40, :40], "ZYX", part.scale)
    for event in segment_steps(whole, model, config, stop=stop, provisional=True):
        if isinstance(event, SideDone):
            stop.request()
        last = event
    assert isinstance(last, Finished)
    assert last.stopped
    expected = drain(segment_steps(whole, model, KNOWN.model_copy(update={"stack": "slices"}))).labels
    np.testing.assert_array_equal(last.result.labels, expected)


def test_a_slice_alone_is_no_volume(model: Model, part: Image) -> None:
    events: list[Any] = list(segment_steps(part, model, KNOWN, Scope("plane", (3,))))
    assert events[-1].result.stack is None
    assert [event.plane for event in events if isinstance(event, PlaneDone)] == [(3,)]


def test_a_model_of_volumes_forms_objects_in_3d_by_itself(model: Model, part: Image) -> None:
    deep = inflate_model(model, 4.0)
    config = KNOWN.model_copy(update={"keep_probability": True})
    found = drain(segment_steps(part, deep, config))
    assert found.stack is not None
    assert found.stack.as_volume
    assert "looks at volumes" in found.stack.reason
    assert found.done.all()
    maps = np.asarray(found.probability, np.float32)
    in_3d = decode(maps, deep.record, config, 23, found.stack.flatness)
    assert found.n_objects > 3
    assert np.mean((found.labels > 0) == (in_3d > 0)) > 0.999
    assert found.n_objects == in_3d.max()


def test_a_model_of_volumes_estimates_the_size_of_objects(model: Model, part: Image) -> None:
    found = next(iter(segment_steps(part, inflate_model(model, 4.0))))
    assert found.estimated
    assert 23 / 1.4 < found.diameter < 23 * 1.4


def test_of_a_plane_a_kind_for_volumes_is_not_asked(model: Model, part: Image) -> None:
    mixed = inflate_model(model, 4.0).with_others([model.alone])
    assert choose_kind(Image.from_array(part.plane((3,)), "YX"), mixed).model.record.architecture.ndim == 2
    assert {kind.record.architecture.ndim for kind in mixed.kinds} == {2, 3}
