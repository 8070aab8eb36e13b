"""What a model says of itself, without its weights: sizes, names, and how large a tile has to be."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_unet.errors import UserError
from napari_unet.models.architecture import PAPER_2015, UNetConfig
from napari_unet.models.library_files import checked_name, free_name, free_path, model_stem
from napari_unet.models.record import ModelRecord, check_class_names, resampling_factor
from napari_unet.models.taught import TaughtSizes

# -- names and files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "x" * 101])
def test_a_model_needs_a_name_of_some_letters(name: str) -> None:
    with pytest.raises(UserError, match="1 to 100 characters: choose another name"):
        checked_name(name)
    assert checked_name(" my  cells \n") == "my cells"
    assert checked_name("x" * 100) == "x" * 100


@pytest.mark.parametrize(
    ("taken", "new"),
    [
        ([], "Cells"),
        (["other"], "Cells"),
        (["cells"], "Cells (2)"),
        (["CELLS", "cells (2)"], "Cells (3)"),
        (["cells", "cells (3)"], "Cells (2)"),
    ],
)
def test_a_name_in_use_in_any_case_gets_the_next_number(taken: list[str], new: str) -> None:
    assert free_name("Cells", taken) == new


def test_a_numbered_name_gets_another_number_and_no_second_one() -> None:
    assert free_name("Cells (2)", ["cells", "cells (2)"]) == "Cells (3)"
    assert free_name("Cells (2)", ["cells (2)"]) == "Cells (3)"
    assert free_name("Cells (2)", ["cells"]) == "Cells (2)"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("my cells", "my-cells"), ("a/b\\c:d", "a-b-c-d"), ("../..", "model"), ("...", "model"), ("größer", "größer"),
     ("v1.2", "v1.2"), (".hidden", "hidden"), ("?", "model")],
)  # fmt: skip
def test_any_name_becomes_the_name_of_a_file_in_the_folder(name: str, stem: str) -> None:
    assert model_stem(name) == stem


def test_a_free_file_is_the_first_that_is_not_there(tmp_path: Path) -> None:
    assert free_path(tmp_path, "a b").name == "a-b.safetensors"
    (tmp_path / "a-b.safetensors").touch()
    (tmp_path / "a-b-3.safetensors").touch()
    assert free_path(tmp_path, "a b").name == "a-b-2.safetensors"
    (tmp_path / "a-b-2.safetensors").touch()
    assert free_path(tmp_path, "a b").name == "a-b-4.safetensors"


# -- records -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["background"], "at least two names"), ([], "at least two names"), (["a", " "], "a name of its own"),
        (["a", "A"], "a name of its own"), (["a b", "a  b"], "a name of its own"),
    ],
)  # fmt: skip
def test_classes_need_different_names(names: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_class_names(names)
    assert check_class_names([" background", "dead  cell "]) == ("background", "dead cell")


@pytest.mark.parametrize(
    ("diameter", "factor"), [(12.0, 1.0), (48.0, 1.0), (30.0, 1.0), (6.0, 2.0), (96.0, 0.5), (11.0, 12 / 11)]
)
def test_images_are_resampled_just_into_the_range(diameter: float, factor: float) -> None:
    assert resampling_factor(ModelRecord(diameter_range=(12.0, 48.0)), diameter) == pytest.approx(factor)


def test_kinds_are_called_by_their_own_names_and_the_model_may_look_at_most_channels_first() -> None:
    two = UNetConfig(in_channels=2)
    record = ModelRecord(name="all", kinds=(ModelRecord(name="x", kind="membranes", architecture=two), ModelRecord()))
    assert record.kind_names == ("all", "membranes", "unnamed")
    assert record.channel_counts == (2, 1)
    assert record.model_copy(update={"kind": "nuclei"}).kind_name == "nuclei"


@pytest.mark.parametrize(
    "wrong",
    [
        {"format_version": 2}, {"diameter": 0.0}, {"foreground_threshold": 0.0}, {"foreground_threshold": 1.0},
        {"seed_threshold": 1.0}, {"object_threshold": 1.0}, {"replay": "../x"}, {"outline": 20.5}, {"unknown": 1},
    ],
)  # fmt: skip
def test_a_record_of_something_else_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelRecord.model_validate(wrong)


# -- sizes that were taught --------------------------------------------------------------------------------------------


def test_sizes_are_those_of_images_and_the_range_that_of_nine_tenths_of_the_objects() -> None:
    found = TaughtSizes.measure([10.0, 20.0, 40.0], [*range(1, 102)])
    assert (found.median, found.n_images, found.n_objects) == (20.0, 3, 101)
    assert (found.low, found.high) == (6.0, 96.0)
    assert found.spread == pytest.approx(math.log(2) * (2 / 3) ** 0.5, abs=1e-4)
    alone = TaughtSizes.measure([30.0], [])
    assert (alone.median, alone.low, alone.high, alone.spread, alone.n_objects) == (30.0, 30.0, 30.0, 0.0, 1)


sizes = st.lists(st.floats(2, 200), min_size=1, max_size=6)


@given(sizes, sizes)
def test_teaching_twice_is_as_if_all_images_had_been_there_at_once(first: list[float], second: list[float]) -> None:
    joined = TaughtSizes.measure(second, second).joined(TaughtSizes.measure(first, first))
    logs = np.log([*first, *second])
    assert joined.n_images == joined.n_objects == logs.size
    assert (joined.low, joined.high) == (
        min(TaughtSizes.measure(one, one).low for one in (first, second)),
        max(TaughtSizes.measure(one, one).high for one in (first, second)),
    )
    # the middle of each teaching is a median, that of both a mean of these
    middles = [np.median(np.log(one)) for one in (first, second)]
    weights = [len(first), len(second)]
    assert math.log(joined.median) == pytest.approx(np.average(middles, weights=weights), abs=5e-3)
    assert joined.joined(None) is joined


def test_two_teachings_of_sizes_far_apart_spread() -> None:
    one, other = TaughtSizes.measure([10.0, 10.0], []), TaughtSizes.measure([40.0, 40.0], [])
    joined = other.joined(one)
    assert joined.median == 20.0
    assert joined.spread == pytest.approx(math.log(2), abs=1e-3)


# -- tiles -------------------------------------------------------------------------------------------------------------


def slow_fits(network: UNetConfig, size: int) -> int:
    """What is left of a tile of `size`, step by step as in figure 1 of the paper; 0 where a pooling does not meet."""
    lost = 4 if network.padding == "valid" else 0
    for _ in range(network.depth):
        size -= lost
        if size <= 0 or size % 2:
            return 0
        size //= 2
    size -= lost
    for _ in range(network.depth):
        if size <= 0:
            return 0
        size = size * 2 - lost
    return max(size, 0)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_tiles_fit_where_every_pooling_meets_an_even_size(depth: int, padding: str) -> None:
    network = UNetConfig.model_validate({"depth": depth, "padding": padding})
    axis = network.axes[0]
    fitting = [size for size in range(1, 200) if axis.fits(size)]
    assert fitting == [size for size in range(1, 200) if slow_fits(network, size) or _only_the_bridge(network, size)]
    for size in fitting:
        if left := slow_fits(network, size):
            assert size - left == 2 * network.margin


def _only_the_bridge(network: UNetConfig, size: int) -> bool:
    """Whether the bridge has pixels, and what comes after it takes them all."""
    lost = 4 if network.padding == "valid" else 0
    for _ in range(network.depth):
        size -= lost
        if size <= 0 or size % 2:
            return False
        size //= 2
    return size - lost > 0


def test_the_paper_s_network_loses_92_pixels_and_halves_four_times() -> None:
    assert (PAPER_2015.margin, PAPER_2015.pooling_factor) == (92, 16)
    assert PAPER_2015.axes[0].fits(572)
    assert not PAPER_2015.axes[0].fits(570)
    assert not PAPER_2015.axes[0].fits(64)


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 7}, {"base_channels": 0}, {"dropout": 1.0}, {"ndim": 1}])
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        UNetConfig.model_validate(wrong)
