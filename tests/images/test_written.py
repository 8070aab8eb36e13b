"""Of an array in a sparse file only what somebody wrote is read; nothing that was written is missed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.images import written
from napari_unet.images.written import count_written, highest_written, written_parts, written_rows


def _mapped(folder: Path, shape: tuple[int, ...] = (4000, 1000), dtype: Any = np.int32) -> np.memmap:
    return np.memmap(folder / "labels", dtype, "w+", shape=shape)


def test_holes_of_a_file_are_not_read(tmp_path: Path) -> None:
    array = _mapped(tmp_path)
    at_first = sum(part.size for part in written_parts(array))  # numpy writes the last byte
    assert at_first < 5000 or at_first == array.size  # where holes are not told
    array[2000, 500:510] = 7
    array[3999, 999] = 9
    assert (count_written(array), highest_written(array)) == (11, 9)
    read = sum(part.size for part in written_parts(array))
    with (tmp_path / "labels").open("rb") as file:
        if os.lseek(file.fileno(), 0, os.SEEK_DATA) > 0:
            assert read < array.size / 50


@pytest.mark.parametrize("part", [np.s_[1:3], np.s_[2], np.s_[2:, :, 3:50], np.s_[:, ::2], np.s_[3:1]])
def test_of_a_part_it_is_that_of_the_part(tmp_path: Path, part: Any) -> None:
    array = _mapped(tmp_path, (4, 300, 500), np.uint16)
    array[2, 100, :40] = np.arange(1, 41)
    array[1, 299, 499] = 3
    array[3, 0, 0] = 60_000
    assert count_written(array[part]) == np.count_nonzero(array[part])
    assert highest_written(array[part]) == int(np.asarray(array[part]).max(initial=0))


def test_a_plain_view_of_a_mapped_array_is_read_without_holes_too(tmp_path: Path) -> None:
    array = _mapped(tmp_path)
    array[2000, 500:510] = 7
    plain = np.asarray(array)
    assert not isinstance(plain, np.memmap)
    assert [part.size for part in written_parts(plain)] == [part.size for part in written_parts(array)]
    held = written_rows(plain)
    assert held[2000]
    assert held.sum() == written_rows(array).sum()
    assert held.sum() < 20 or held.all()  # where holes are not told
    assert written_rows(plain.T).all()
    assert written_rows(plain.reshape(2, 2000, 1000))[1, 0]


@settings(max_examples=30, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 399), st.integers(0, 1999)), max_size=6), at_once=st.integers(1000, 10**6)
)
def test_whatever_is_written_is_found_at_once(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], at_once: int
) -> None:
    array = _mapped(tmp_path_factory.mktemp("sparse"), (400, 2000), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written, "_AT_ONCE", at_once)
        for number, place in enumerate(places, start=1):
            array[place] = number
            assert highest_written(array) == number
            assert count_written(array) == len(set(places[:number]))
        assert all(part.size <= at_once for part in written_parts(array))


def test_in_memory_and_where_the_file_has_gone_all_is_read(tmp_path: Path) -> None:
    plain = np.zeros((50, 60), np.int32)
    plain[3, 4] = 5
    assert (count_written(plain), highest_written(plain), count_written(plain.T)) == (1, 5, 1)
    array = _mapped(tmp_path, (50, 60))
    array[3, 4] = 5
    (tmp_path / "labels").unlink()
    assert (count_written(array), highest_written(array)) == (1, 5)
    assert (count_written(np.zeros((0, 3), bool)), highest_written(np.zeros((0, 3), np.int32))) == (0, 0)


def test_where_the_system_does_not_tell_holes_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "SEEK_DATA")
    array = _mapped(tmp_path)
    array[5, 5] = 4
    assert sum(part.size for part in written_parts(array)) == array.size
    assert highest_written(array) == 4
