"""Side views of a stack are answered by a taught kind only where they look like what it was taught."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_unet.events import drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.kinds import choose_kind, measure_look
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.volumes import answer
from napari_unet.segmentation.volumes.answer import choose_side_kind


@pytest.fixture(scope="module")
def part() -> Image:
    volume = read_image(sample_path("nuclei_3d"))
    return Image(np.asarray(volume.data)[2:12, :48, 100:148], "ZYX", volume.scale, volume.units)


def child_of(model: Model, image: Image, planes: list[Any]) -> Model:
    """A child that was taught `planes` (none of its weights are others)."""
    root = model.kinds[-1]
    looks = np.stack([measure_look(Image.from_array(np.asarray(plane), "YX"), root, ()) for plane in planes])
    sizes = TaughtSizes(median=23, spread=0.1, low=15, high=30, n_objects=9, n_images=1)
    record = model.alone.record.model_copy(update={"kind": "taught", "sizes": sizes})
    return replace(model.alone, record=record, looks=looks.astype(np.float32)).with_others(model.kinds)


def test_only_side_views_like_those_taught_are_answered_by_the_taught_kind(part: Image) -> None:
    model = load_model(None)
    pixels = np.asarray(part.data)
    slices = [pixels[3], pixels[5]]
    taught = child_of(model, part, slices)
    chosen = choose_kind(part, taught, "taught", (5,))
    other = choose_side_kind(part, taught, chosen, 4.0, (5,), SegmentConfig())
    assert other is not None
    assert other.name in model.record.kind_names
    both = child_of(model, part, [*slices, *(side.data for side in answer._middle_sides(part, 4.0, (5,)))])
    assert choose_side_kind(part, both, choose_kind(part, both, "taught", (5,)), 4.0, (5,), SegmentConfig()) is None
    plain = choose_kind(part, taught, model.record.kind_name, (5,))
    assert (
        choose_side_kind(part, taught, plain, 4.0, (5,), SegmentConfig()) is None
    )  # slices were answered by what was not taught


def test_it_looks_at_the_side_views_of_a_volume(part: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(None)
    taught = child_of(model, part, [np.asarray(part.data)[5]])
    seen = []
    look = answer.choose_side_kind

    def watched(*values: Any) -> Any:
        assert values[-1].diameter == 23, "the size that was given"
        seen.append(look(*values))
        return seen[-1]

    monkeypatch.setattr("napari_unet.segmentation.beginning.choose_side_kind", watched)
    config = SegmentConfig(diameter=23, precision="float32", stack="volume", kind="taught")
    found = drain(segment_steps(part, taught, config))
    assert seen[0] is not None
    assert found.kind == "taught"
    assert found.n_objects > 0


def test_what_it_came_of_is_chosen_in_the_middle_of_the_stack_not_at_its_end(
    part: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = child_of(load_model(None), part, [np.asarray(part.data)[5]])
    chosen, asked, choose = choose_kind(part, taught, "taught"), [], answer.choose_kind
    monkeypatch.setattr(answer, "choose_kind", lambda *values: asked.append((values[3], values[-1])) or choose(*values))
    choose_side_kind(part, taught, chosen, 4.0, (0,), SegmentConfig(diameter=23.0))
    assert asked == [((), 23.0)]
