"""An image is looked at in one way, wherever a model looks: its negative gives in each path what it gives itself."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import islice

import numpy as np
import pytest

from napari_unet import finetune, load_model
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import Prepared, PreviewRequest
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.preview import predict_preview
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_data_dir
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import NormalizationConfig
from napari_unet.images.view import Thresholds, View
from napari_unet.segmentation.appearance import decide_view
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.second_look import SecondLook, look_again
from napari_unet.segmentation.surroundings import map_surroundings
from napari_unet.workflows.segmenting import segment

EXACT = SegmentConfig(precision="float32", device="cpu")
HIGH = Thresholds(foreground_threshold=0.97)


@lru_cache(maxsize=1)
def nuclei() -> np.ndarray:
    image = read_image(sample_data_dir() / "nuclei_2d.ome.tif").select_channel(None)
    return np.asarray(image.plane(()))[:192, :192].astype(np.float32)


def bright() -> Image:
    return Image(nuclei(), "YX", name="bright")


def dark() -> Image:
    return Image(1000.0 - nuclei(), "YX", name="dark")


@lru_cache(maxsize=1)
def model():
    """The shipped one, without images of its own to be scored on: they are not what is looked at here."""
    shipped = load_model("nuclei-2d")
    return replace(shipped, record=shipped.record.model_copy(update={"replay": None}))


def found(image: Image, invert: str, **more) -> Segmentation:
    return segment(image, model(), invert=invert, precision="float32", device="cpu", **more)


@lru_cache(maxsize=2)
def segmented(negative: bool) -> Segmentation:
    return found(dark(), "yes") if negative else found(bright(), "no")


def both() -> list[tuple[Image, View]]:
    return [(bright(), segmented(False).view), (dark(), segmented(True).view)]


def test_segment_sees_the_negative_and_says_how_it_looked() -> None:
    one, other = segmented(False), segmented(True)
    assert one.n_objects > 4
    np.testing.assert_array_equal(one.labels > 0, other.labels > 0)
    assert (one.view.inverted, other.view.inverted) == (False, True)
    assert other.view.estimated
    assert other.diameter == pytest.approx(one.diameter, rel=0.01)


def test_auto_decides_alike_with_and_without_labels() -> None:
    for image, inverted in ((bright(), False), (dark(), True)):
        assert decide_view(image, model(), SegmentConfig(invert="auto", diameter=20)).inverted is inverted
        assert found(image, "auto", diameter=20).view.inverted is inverted


def test_the_second_look_and_add_see_the_same() -> None:
    looks, places = [], []
    for image, view in both():
        looks.append(next(e for e in look_again(image, model(), view, [()], EXACT) if isinstance(e, SecondLook)))
        places.append(drain(map_surroundings(image, model, (), (90, 90), view, EXACT.engine)))
    np.testing.assert_allclose(looks[0].maps, looks[1].maps, atol=0.02)
    assert looks[0].labels.max() > 3
    np.testing.assert_allclose(places[0].maps, places[1].maps, atol=0.02)


def test_the_preview_sees_the_same() -> None:
    shown = [
        predict_preview(model(), PreviewRequest(image, (), (slice(0, 192), slice(0, 192)), view), engine=EXACT.engine)
        for image, view in both()
    ]
    assert shown[0].max() > 3
    assert np.mean((shown[0] > 0) == (shown[1] > 0)) > 0.99


def test_finetuning_learns_and_scores_the_same() -> None:
    labels = segmented(False).labels
    scores, losses = [], []
    for image, view in both():
        corrected = CorrectedImage(image, labels, np.ones(labels.shape, bool), name="one", view=view)
        config = FinetuneConfig(seconds=300, max_steps=1, patch=64, batch_size=1, replay=0, device="cpu")
        events = list(islice(finetune_steps(model(), [corrected], config), 2))
        assert isinstance(events[0], Prepared)
        scores.append(events[0].before.ap50)
        losses.append(events[1].loss)
    assert scores[0] > 0.8
    assert scores == pytest.approx([scores[0]] * 2, abs=0.05)
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


def test_what_is_learned_remembers_how_it_was_looked_at(tmp_path) -> None:
    labels = segmented(False).labels
    result = finetune(
        dark(), labels, model=model(), inverted=True, diameter=21.0, max_steps=1, seconds=300, patch=64, batch_size=1,
        replay=0, device="cpu",
    )  # fmt: skip
    assert result.before.ap50 > 0.8
    (view,) = result.model.record.training.views
    assert View.from_dict(view) == View(21.0, "given", True)


def test_chosen_thresholds_reach_every_path() -> None:
    image = bright()
    usual, labels = segmented(False), segmented(False).labels
    few = found(image, "no", foreground_threshold=0.97)
    view = few.view
    assert view.thresholds == HIGH
    assert (few.labels > 0).sum() < 0.95 * (labels > 0).sum()
    whole = (slice(0, 192), slice(0, 192))
    shown = predict_preview(model(), PreviewRequest(image, (), whole, view), engine=EXACT.engine)
    assert (shown > 0).sum() < 0.95 * (labels > 0).sum()
    look = next(e for e in look_again(image, model(), view, [()], EXACT) if isinstance(e, SecondLook))
    assert (look.labels > 0).sum() < 0.95 * (labels > 0).sum()
    assert drain(map_surroundings(image, model, (), (90, 90), view, EXACT.engine)).foreground_threshold == 0.97
    config = FinetuneConfig(seconds=300, max_steps=1, patch=64, batch_size=1, replay=0, device="cpu")
    before = []
    for one in (usual.view, view):
        corrected = CorrectedImage(image, labels, np.ones(labels.shape, bool), view=one)
        before.append(next(iter(finetune_steps(model(), [corrected], config))).before.mean_ap)
    assert before[1] < before[0] - 0.02


def test_limits_are_kept_measured_once_and_not_for_other_channels(monkeypatch) -> None:
    config = NormalizationConfig()
    image, view = dark(), segmented(True).view
    assert view.limits_of(image, (), config) == volume_limits(image, (), config, inverted=True)
    monkeypatch.setattr("napari_unet.images.view.volume_limits", lambda *_: "measured")
    assert view.limits_of(image, (), config) != "measured"
    assert view.without_limits().limits_of(image, (), config) == "measured"
    assert view.limits_of(image, (), NormalizationConfig(low=2)) == "measured"
    assert replace(view, diameter=5.0).limits == view.limits


def test_a_view_is_written_and_read() -> None:
    for view in (View(), View(12.5, "estimated", True, HIGH)):
        assert View.from_dict(view.to_dict()) == view
    assert View.from_dict({}) == View()
