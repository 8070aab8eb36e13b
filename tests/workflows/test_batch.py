"""A batch that is killed goes on: no file twice, none lost, the same labels; and files are taken as they come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.workflows.files.batch import FileDone, FileFailed, FileStarted, segment_files_steps, watch_folders
from napari_unet.workflows.files.batch_journal import JOURNAL, BatchJournal

# Segments without a network, so that a killed process starts again at once: what is tested is the keeping of files. It
# kills itself at the given moment of the given file, told apart by how often anything was written.
_RUN = """
import os, signal, sys
from pathlib import Path
import numpy as np, tifffile
from napari_unet.workflows.files.batch_journal import BatchJournal

folder, moment = Path(sys.argv[1]), int(sys.argv[2])
writes = 0

def maybe_die(*args):
    global writes
    writes += 1
    if writes == moment:
        os.kill(os.getpid(), signal.SIGKILL)

real = {name: getattr(os, name) for name in ("fsync", "replace")}
for name, call in real.items():
    def dying(*args, call=call):
        maybe_die()
        result = call(*args)
        maybe_die()
        return result
    setattr(os, name, dying)

journal = BatchJournal("model", {"diameter": 3})
for path in sorted(folder.glob("*.tif")):
    if path.stem.endswith("_labels") or path.name.startswith("."):
        continue
    target = path.with_name(path.stem + "_labels.tif")
    if journal.find_done(path, target) is None:
        with (folder / "work.log").open("a") as log:
            log.write(path.stem + "\\n")
        labels = tifffile.imread(path) // 2
        journal.finish(path, target, {"objects": int(labels.max())}, lambda file: tifffile.imwrite(file, labels))
"""


def test_five_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    """Each run dies at another of the moments around writing, journal and naming; the sixth goes to the end."""
    generator = np.random.default_rng(0)
    for number in range(8):
        tifffile.imwrite(tmp_path / f"{number}.tif", generator.integers(0, 90, (6, 7)).astype(np.uint8))
    codes, log, journal = [], tmp_path / "work.log", tmp_path / JOURNAL
    for moment in (1, 2, 3, 4, 5, 10_000):
        known = {json.loads(line)["output"][0] for line in journal.read_text().splitlines()} if codes[2:] else set()
        log.write_text("")
        run = subprocess.run([sys.executable, "-c", _RUN, tmp_path, str(moment)], timeout=120, check=False)
        codes.append(run.returncode)
        worked = log.read_text().split()
        assert len(set(worked)) == len(worked)
        assert not known & set(worked)
    assert codes == [-signal.SIGKILL] * 5 + [0]
    for number in range(8):
        image, labels = (tifffile.imread(tmp_path / f"{number}{end}.tif") for end in ("", "_labels"))
        np.testing.assert_array_equal(labels, image // 2)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert Counter(line["output"] for line in lines) == Counter(f"{number}_labels.tif" for number in range(8))
    assert not list(tmp_path.glob(".*waiting*"))


@pytest.fixture
def journal() -> BatchJournal:
    return BatchJournal("model", {"diameter": 3})


def finish(journal: BatchJournal, path: Path, target: Path) -> None:
    journal.finish(path, target, {"objects": 1}, lambda file: file.write_bytes(b"labels"))


def test_journal_knows_content_model_settings_and_output(tmp_path: Path, journal: BatchJournal) -> None:
    path, target = tmp_path / "a.tif", tmp_path / "a_labels.tif"
    path.write_bytes(b"pixels")
    assert journal.find_done(path, target) is None
    finish(journal, path, target)
    again = BatchJournal("model", {"diameter": 3})
    assert again.find_done(path, target) == {"objects": 1}
    assert BatchJournal("other", {"diameter": 3}).find_done(path, target) is None
    assert BatchJournal("model", {"diameter": 4}).find_done(path, target) is None
    path.write_bytes(b"others")
    assert again.find_done(path, target) is None
    path.write_bytes(b"pixels")
    target.unlink()
    assert again.find_done(path, target) is None


def test_a_line_cut_short_costs_no_other_line(tmp_path: Path, journal: BatchJournal) -> None:
    paths = [tmp_path / f"{name}.tif" for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
    finish(journal, paths[0], tmp_path / "a_labels.tif")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"output": "b_lab')
    second = BatchJournal("model", {"diameter": 3})
    assert second.find_done(paths[1], tmp_path / "b_labels.tif") is None
    finish(second, paths[2], tmp_path / "c_labels.tif")
    third = BatchJournal("model", {"diameter": 3})
    assert third.find_done(paths[0], tmp_path / "a_labels.tif")
    assert third.find_done(paths[2], tmp_path / "c_labels.tif")


def test_one_failing_file_fails_alone_and_done_ones_are_left(
    tmp_path: Path, journal: BatchJournal, tiny_model: Any
) -> None:
    files = [(tmp_path / f"{name}.tif", tmp_path / f"{name}_labels.tif") for name in "abc"]
    for path, _ in files:
        path.write_bytes(path.name.encode())
    finish(journal, *files[2])

    def read(path: Path) -> Any:
        if path.stem == "a":
            raise UserError("a.tif is damaged.")
        image = Image(np.zeros((16, 16), np.uint8), "YX", name=path.stem)
        return image, image

    steps = segment_files_steps(files, read, tiny_model, SegmentConfig(diameter=18), journal)
    events = [e for e in steps if isinstance(e, FileStarted | FileDone | FileFailed | Finished)]
    kinds = [(type(e).__name__, e.path.stem) for e in events[:-1]]
    assert kinds == [("FileStarted", "a"), ("FileFailed", "a"), ("FileStarted", "b"), ("FileDone", "b"),
                     ("FileDone", "c")]  # fmt: skip
    assert events[-2].resumed
    assert events[-1].result.errors == {files[0][0]: "a.tif is damaged."}
    assert files[1][1].exists()
    assert files[2][1].read_bytes() == b"labels"


def test_watch_waits_for_whole_files_and_takes_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is the number of looks: b.tif grows until the third, c.tif comes at the fourth."""
    stop, looks, found = StopFlag(), 0, []
    (tmp_path / "a.tif").write_bytes(b"whole")
    (tmp_path / "a_labels.tif").write_bytes(b"labels")
    (tmp_path / "b.tif").write_bytes(b"")

    def look(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks <= 3:
            with (tmp_path / "b.tif").open("ab") as file:
                file.write(b"more")
        if looks == 4:
            (tmp_path / "c.tif").write_bytes(b"whole")
        if looks == 8:
            stop.request()

    monkeypatch.setattr("time.sleep", look)
    for path in watch_folders([tmp_path], stop):
        found.append((path.name, looks))
    assert found == [("a.tif", 1), ("b.tif", 4), ("c.tif", 5)]


def test_command_resumes(tmp_path: Path, tiny_model: Any, capfd: pytest.CaptureFixture[str]) -> None:
    from napari_unet.cli import main
    from napari_unet.models.model_file import save_model

    saved = save_model(tiny_model, tmp_path / "tiny.safetensors")
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.tif", np.random.default_rng(0).integers(0, 99, (32, 32)).astype(np.uint8))
    command = ["segment", str(tmp_path / "?.tif"), "--model", str(saved.path), "--resume", "--json", "--diameter", "18"]
    answers = []
    for _ in range(2):
        assert main(command) == 0
        answers.append(json.loads(capfd.readouterr().out))
        before = os.stat(tmp_path / "a_labels.tif").st_mtime_ns
    assert [row.get("resumed", False) for row in answers[0]["images"]] == [False, False]
    assert [row.get("resumed", False) for row in answers[1]["images"]] == [True, True]
    assert os.stat(tmp_path / "a_labels.tif").st_mtime_ns == before
    assert main([*command[:-1], "19"]) == 0
    assert "resumed" not in json.loads(capfd.readouterr().out)["images"][0]


def test_what_a_person_corrected_is_never_done_again(tmp_path: Path, journal: BatchJournal) -> None:
    path, target = tmp_path / "a.tif", tmp_path / "a_labels.tif"
    path.write_bytes(b"pixels")
    assert not journal.knows(target)
    finish(journal, path, target)
    assert BatchJournal("", {}).knows(target)
    BatchJournal("", {}).note_corrected(target, 5)
    found = BatchJournal("other", {"diameter": 4}).find_done(path, target)
    assert found == {"objects": 5, "output": str(target), "corrected": True}
    target.unlink()
    assert BatchJournal("model", {"diameter": 3}).find_done(path, target) is None
