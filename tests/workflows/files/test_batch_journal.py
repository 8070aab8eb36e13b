"""What a batch remembers of each output: with what it was made, and by whom it was corrected."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from napari_unet.errors import UserError
from napari_unet.workflows.files.batch_journal import JOURNAL, BatchJournal, hash_content

SETTINGS = {"diameter": 20, "axes": None}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "zelle ß.tif"
    path.write_bytes(b"pixels")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "zelle ß_labels.tif"


def write(journal: BatchJournal, image: Path, target: Path, **row: Any) -> None:
    journal.finish(image, target, row or {"objects": 3}, lambda path: path.write_bytes(b"labels"))


def lines(target: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (target.parent / JOURNAL).read_bytes().splitlines()]


def test_what_is_done_is_known_to_the_next_run(image: Path, target: Path) -> None:
    write(BatchJournal("model", SETTINGS), image, target, objects=3, where=Path("a"))
    assert target.read_bytes() == b"labels"
    assert sorted(path.name for path in target.parent.iterdir()) == sorted([JOURNAL, target.name])
    later = BatchJournal("model", dict(reversed(SETTINGS.items())))
    assert later.find_done(image, target) == {"objects": 3, "where": "a"}
    assert later.knows(target)
    assert not later.knows(target.with_name("other_labels.tif"))


@pytest.mark.parametrize(
    ("model", "settings", "content"),
    [("other", SETTINGS, b"pixels"), ("model", SETTINGS | {"diameter": 21}, b"pixels"), ("model", SETTINGS, b"pixelt")],
)
def test_another_model_setting_or_content_is_done_again(
    image: Path, target: Path, model: str, settings: dict[str, Any], content: bytes
) -> None:
    write(BatchJournal("model", SETTINGS), image, target)
    image.write_bytes(content)
    again = BatchJournal(model, settings)
    assert again.find_done(image, target) is None
    assert again.knows(target)


def test_an_output_that_has_gone_is_done_again(image: Path, target: Path) -> None:
    write(BatchJournal("model", SETTINGS), image, target)
    target.unlink()
    assert BatchJournal("model", SETTINGS).find_done(image, target) is None


def test_a_run_that_ended_before_the_name_was_given_gives_it_now(image: Path, target: Path) -> None:
    write(BatchJournal("model", SETTINGS), image, target)
    waiting = target.with_name(".zelle ß_labels.waiting.tif")
    target.rename(waiting)
    assert BatchJournal("model", SETTINGS).find_done(image, target) == {"objects": 3}
    assert target.read_bytes() == b"labels"
    assert not waiting.exists()
    waiting.write_bytes(b"of another run, of which nothing is noted")
    assert BatchJournal("model", {}).find_done(image, target) is None
    assert target.read_bytes() == b"labels"


def test_what_a_person_corrected_stays_whatever_the_model_and_the_image(image: Path, target: Path) -> None:
    journal = BatchJournal("model", SETTINGS)
    write(journal, image, target, objects=3, seconds=1.5)
    journal.note_corrected(target, 5)
    image.write_bytes(b"other pixels")
    found = BatchJournal("other", {}).find_done(image, target)
    assert found == {"objects": 5, "seconds": 1.5, "output": str(target), "corrected": True}
    found["objects"] = 0  # of whoever asked: what is noted stays
    assert journal.find_done(image, target)["objects"] == 5
    target.unlink()
    assert BatchJournal("other", {}).find_done(image, target) is None


def test_labels_that_no_batch_wrote_can_be_noted_as_corrected(image: Path, target: Path) -> None:
    target.write_bytes(b"by hand")
    BatchJournal("model", SETTINGS).note_corrected(target, 2)
    found = BatchJournal("model", SETTINGS).find_done(image, target)
    assert found == {"output": str(target), "objects": 2, "corrected": True}


def test_the_last_line_counts_and_lines_that_are_none_are_passed_over(image: Path, target: Path) -> None:
    write(BatchJournal("model", SETTINGS), image, target, objects=1)
    write(BatchJournal("model", SETTINGS), image, target, objects=2)
    assert [line["row"]["objects"] for line in lines(target)] == [1, 2]
    with (target.parent / JOURNAL).open("ab") as file:
        file.write(b'\n[1]\n"text"\n{"no": "output"}\n\xff\xfe\n{"output": "zelle')  # cut short by a kill
    journal = BatchJournal("model", SETTINGS)
    assert journal.find_done(image, target) == {"objects": 2}
    write(journal, image, target, objects=4)
    assert BatchJournal("model", SETTINGS).find_done(image, target) == {"objects": 4}


def test_each_folder_has_a_journal_of_its_own(image: Path, target: Path, tmp_path: Path) -> None:
    journal = BatchJournal("model", SETTINGS)
    other = tmp_path / target.name
    write(journal, image, target, objects=1)
    write(journal, image, other, objects=2)
    assert journal.find_done(image, target) == {"objects": 1}
    assert journal.find_done(image, other) == {"objects": 2}
    assert len(lines(target)) == len(lines(other)) == 1


def test_an_output_that_cannot_be_written_is_told_and_not_noted(
    image: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = BatchJournal("model", SETTINGS)
    gone = target.parent / "none" / "a_labels.tif"
    with pytest.raises(UserError, match=r"a_labels\.tif cannot be written: No such file or directory\. Choose another"):
        write(journal, image, gone)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot be written: No space left on device\."):
        write(journal, image, target)
    assert not target.exists()
    assert not journal.knows(target)


def test_an_image_that_has_gone_is_told(target: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.tif cannot be read: No such file or directory\."):
        write(BatchJournal("model", SETTINGS), tmp_path / "none.tif", target)
    assert list(target.parent.iterdir()) == []


def test_the_content_of_a_folder_is_what_its_files_are_called_and_hold(tmp_path: Path) -> None:
    folder = tmp_path / "a.zarr"
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "c").write_bytes(b"12")
    first = hash_content(folder)
    (folder / "0" / "empty").mkdir()
    assert hash_content(folder) == first
    (folder / "0" / "c").rename(folder / "0" / "d")
    renamed = hash_content(folder)
    (folder / "0" / "d").write_bytes(b"13")
    assert len({first, renamed, hash_content(folder)}) == 3
