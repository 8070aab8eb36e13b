"""A child carries what it came of: nothing is forgotten, and each image is answered by the kind that it resembles."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from napari_unet import finetune, load_model, segment
from napari_unet.errors import UserError
from napari_unet.finetuning import beginning
from napari_unet.finetuning.beginning import FAR, NEAR, REPLAY, begin, replay_share
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_data_dir
from napari_unet.images.image import Image
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation import appearance, kinds
from napari_unet.segmentation import beginning as beginning_module
from napari_unet.segmentation.kinds import choose_kind, nearest_kinds
from napari_unet.workflows.teaching import make_corrected_image

EXACT = {"precision": "float32", "device": "cpu"}


def sample(name: str) -> tuple[Image, np.ndarray]:
    image = read_image(sample_data_dir() / f"{name}.ome.tif").select_channel(None)
    labels = read_labels(sample_data_dir() / f"{name}_labels.tif", image)
    plane = tuple(size // 2 for size in image.shape[:-2])
    cut = (*plane, slice(0, 256), slice(0, 256))
    return Image(np.asarray(image.data[cut]), "YX", name=name), np.asarray(labels[cut])


@lru_cache(maxsize=1)
def taught() -> FinetuneResult:
    """The shipped model after a step on membranes, of which it knew nothing."""
    image, labels = sample("membranes")
    return finetune(image, labels, model="nuclei-2d", seconds=300, max_steps=1, patch=64, batch_size=2, device="cpu")


def test_the_base_kind_answers_its_own_images_as_before_and_the_child_those_it_was_taught(tmp_path) -> None:
    child = load_model_file(save_model(taught().model, tmp_path / "child.safetensors", half=True).path)
    assert child.record.kind_names == ("membranes", "Nuclei 2D")
    nuclei, _ = sample("nuclei_2d")
    before, after = segment(nuclei, load_model("nuclei-2d"), **EXACT), segment(nuclei, child, **EXACT)
    assert after.kind == "Nuclei 2D"
    np.testing.assert_array_equal(before.labels, after.labels)
    membranes, _ = sample("membranes")
    assert segment(membranes, child, **EXACT).kind == "membranes"


def test_who_answers_can_be_said() -> None:
    membranes, _ = sample("membranes")
    child = taught().model
    said = segment(membranes, child, kind="nuclei 2d", **EXACT)
    assert said.kind == "Nuclei 2D"
    np.testing.assert_array_equal(said.labels, segment(membranes, load_model("nuclei-2d"), **EXACT).labels)
    with pytest.raises(UserError, match="membranes, Nuclei 2D"):
        segment(membranes, child, kind="smears", **EXACT)


def test_a_child_remembers_the_sizes_it_was_taught() -> None:
    membranes, labels = sample("membranes")
    sizes = taught().model.record.sizes
    areas = np.bincount(labels.ravel())[1:]
    assert sizes is not None
    assert sizes.median == pytest.approx(2 * np.sqrt(np.median(areas[areas > 0]) / np.pi), rel=0.15)
    assert sizes.low < sizes.median < sizes.high
    assert segment(membranes, taught().model, **EXACT).diameter == pytest.approx(sizes.median, rel=0.36)


def test_sizes_of_two_teachings_are_joined_image_by_image() -> None:
    one, other = TaughtSizes.measure([10.0, 10.0, 10.0], [8.0, 12.0]), TaughtSizes.measure([80.0], [70.0, 90.0])
    both = one.joined(other)
    assert (both.n_images, both.n_objects) == (4, 4)
    assert 10 < both.median < 20  # three images against one
    assert both.low < 10 < 70 < both.high
    assert both.spread > 0.5 > one.spread
    assert one.joined(None) == one


def test_what_is_told_of_a_child_that_carries() -> None:
    assert "answered as before" in taught().sentence
    assert taught().base_after is None  # nothing to measure: it is the same


def test_replay_follows_the_distance() -> None:
    assert replay_share(NEAR - 0.5) == replay_share(NEAR) == pytest.approx(REPLAY)
    assert replay_share(FAR) == replay_share(FAR + 5) == 0
    assert 0 < replay_share((NEAR + FAR) / 2) < REPLAY


def begun(name: str, **settings) -> beginning.Beginning:
    image, labels = sample(name)
    model = load_model("nuclei-2d")
    return begin(model, [make_corrected_image(image, labels, record=model.record)], FinetuneConfig(**settings))


@pytest.mark.parametrize(("far", "share"), [(1.0, REPLAY), (9.0, 0.0)])
def test_replay_serves_what_is_near_and_not_what_is_far(monkeypatch, far: float, share: float) -> None:
    monkeypatch.setattr(beginning, "farness", lambda looks, base: far)
    assert begun("membranes").replay == pytest.approx(share)
    assert begun("membranes", replay=0.2).replay == pytest.approx(0.2)


def test_the_base_is_carried_beside_what_is_taught() -> None:
    assert [one.name for one in begun("membranes").others] == ["Nuclei 2D"]


def test_taught_again_a_kind_goes_on_and_is_not_carried_twice() -> None:
    image, labels = sample("membranes")
    child = taught().model
    again = begin(child, [make_corrected_image(image, labels, record=child.record)], FinetuneConfig())
    assert again.kind.record.kind_name == "membranes"
    assert [one.record.kind_name for one in again.others] == ["Nuclei 2D"]
    assert again.looks is not None
    assert len(again.looks) == 2


def test_the_kind_that_answered_is_the_one_that_goes_on() -> None:
    """Perhaps somebody said so; it is not decided a second time."""
    image, labels = sample("membranes")
    child = taught().model
    one = make_corrected_image(image, labels, record=child.record)
    said = replace(one, view=replace(one.view, kind="Nuclei 2D"))
    again = begin(child, [said], FinetuneConfig())
    assert again.untouched.record.kind_name == "Nuclei 2D"
    unknown = replace(one, view=replace(one.view, kind="yeast"))
    assert begin(child, [unknown], FinetuneConfig()).untouched.record.kind_name == "membranes"


def test_a_file_carries_so_many_kinds_and_no_more() -> None:
    child = taught().model
    base = child.others[-1]
    kinds = []
    for number, n in enumerate((5, 90, 7)):
        training = child.record.training.model_copy(update={"n_objects": n})
        record = child.alone.record.model_copy(update={"kind": f"kind {number}", "training": training})
        kinds.append(replace(child.alone, record=record))
    kept, left_out = beginning._room_for([*kinds, base])
    assert [one.record.kind_name for one in kept] == ["kind 1", "kind 2", "Nuclei 2D"]
    assert left_out == "kind 0"
    assert beginning._room_for([*kinds[:2], base]) == ((*kinds[:2], base), "")


def test_a_child_that_is_no_better_is_its_parent_again() -> None:
    kept = replace(taught(), better=False).to_keep
    assert kept.record.kinds == ()
    assert kept.record.sizes is None


def test_a_negative_is_answered_by_the_kind_whose_images_it_is_a_negative_of() -> None:
    image, _ = sample("nuclei_2d")
    model, values = load_model(), np.asarray(image.data).astype(np.float32)
    assert choose_kind(image, model).name == "nuclei"
    assert choose_kind(Image.from_array(values.max() - values, "YX"), model).name == "nuclei"


def test_what_was_seen_when_a_kind_was_chosen_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _ = sample("nuclei_2d")
    model, values = load_model(), np.asarray(image.data).astype(np.float32)
    negative = Image.from_array(values.max() - values, "YX")
    looked: list[int] = []
    measure = appearance.measure_appearance

    def count(*given, **how):
        looked.append(1)
        return measure(*given, **how)

    monkeypatch.setattr(kinds, "measure_appearance", count)
    monkeypatch.setattr(beginning_module, "measure_appearance", count)
    found = segment(negative, model, invert="auto", **EXACT)
    assert len(looked) == 2  # one for each kind, in a close call
    looked.clear()
    said = {"diameter": found.diameter, "invert": "auto"}
    assert segment(negative, model, **said, **EXACT).diameter == found.diameter
    assert len(looked) == 3  # the size is known, whether it is dark is asked again, and only once
    np.testing.assert_array_equal(found.labels, segment(negative, model, kind="nuclei", invert="yes", **EXACT).labels)


def test_a_kind_is_chosen_for_what_it_is_going_to_see() -> None:
    """Of a negative the kind of nuclei, where the negative of that is looked at; and not where it is not."""
    image, _ = sample("nuclei_2d")
    model, values = load_model(), np.asarray(image.data).astype(np.float32)
    negative = Image.from_array(values.max() - values, "YX")
    assert segment(negative, model, invert="yes", **EXACT).kind == "nuclei"
    assert segment(negative, model, invert="auto", **EXACT).kind == "nuclei"
    assert nearest_kinds(negative, model, list(model.kinds), invert="no")[0].record.kind_name != "nuclei"
    assert nearest_kinds(image, model, list(model.kinds), invert="yes")[0].record.kind_name != "nuclei"


def test_what_ships_knows_cells_from_nuclei(data_dir) -> None:
    model = load_model()
    found = [read_image(data_dir / "phase_t98g" / "images" / f"{name}.png") for name in ("set1", "set47")]
    assert {choose_kind(image, model).name for image in found} == {"cells"}
    assert load_model("nuclei-2d").record.kind_names == ("Nuclei 2D",)


def test_what_ships_answers_stained_sections_in_colour_and_nothing_else_by_it(data_dir) -> None:
    model, folder = load_model(), data_dir / "dsb2018" / "images"
    sections = [read_image(next(folder.glob(f"{start}*"))) for start in ("7f34df", "92f31f", "e414b5")]
    assert {choose_kind(image, model).name for image in sections} == {"histology"}
    assert choose_kind(sections[0].select_channel(None), model).name != "histology"
    nuclei, _ = sample("nuclei_2d")
    grey = np.asarray(nuclei.data, np.float32) / np.asarray(nuclei.data).max()
    blue = Image.from_array((grey[..., None] * [40, 60, 255]).astype(np.uint8), "YXS")
    assert choose_kind(blue, model).name == "nuclei"
