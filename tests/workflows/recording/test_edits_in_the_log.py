"""The log of a project: what is told together, in which words, and in what order."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from napari_unet.project.references import ImageReference
from napari_unet.project.storage.journal import Kind
from napari_unet.workflows.recording.log import describe_entry, make_log

IMAGE = ImageReference("cells", "ZYX", (3, 20, 30))


def log(
    edits: Sequence[tuple[float, int, str, Kind]] = (),
    images: dict[int, ImageReference] | None = None,
    models: Sequence[dict[str, Any]] = (),
    trainings: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    project: Any = SimpleNamespace(
        images=lambda: {1: IMAGE} if images is None else images,
        models=lambda: list(models),
        trainings=lambda: list(trainings),
        list_edits=lambda: list(edits),
    )
    return make_log(project)


def told(*edits: tuple[float, int, str, Kind]) -> list[str]:
    return [entry["text"] for entry in log(edits)[1:]]


@pytest.mark.parametrize(
    ("pauses", "counts"),
    [([], [1]), ([600], [2]), ([600.1], [1, 1]), ([500, 500, 500], [4]), ([10, 601, 10, 601], [2, 2, 1])],
)
def test_edits_less_than_ten_minutes_apart_are_told_together(pauses: list[float], counts: list[int]) -> None:
    times = [1000.0]
    for pause in pauses:
        times.append(times[-1] + pause)
    entries = log([(moment, 1, "labels", Kind.EDIT) for moment in times])[1:]
    assert [entry["count"] for entry in entries] == counts
    assert entries[0]["time"] == 1000
    assert entries[-1]["until"] == times[-1]
    noun = "correction" if counts[0] == 1 else "corrections"
    assert entries[0]["text"] == f"cells: {counts[0]} {noun} by hand"


def test_hand_and_program_arrays_and_images_are_told_apart() -> None:
    images = {1: IMAGE, 2: ImageReference("other", "YX", (5, 5))}
    edits = [
        (1.0, 1, "labels", Kind.WRITE), (2.0, 1, "labels", Kind.EDIT), (3.0, 1, "labels", Kind.UNDO),
        (4.0, 1, "labels", Kind.REDO), (5.0, 1, "labels", Kind.BASE), (6.0, 1, "reviewed", Kind.EDIT),
        (7.0, 2, "prediction", Kind.WRITE), (8.0, 7, "weights", Kind.WRITE), (9.0, 2, "strange", Kind.EDIT),
    ]  # fmt: skip
    found = [entry["text"] for entry in log(edits, images) if entry["what"] == "edits"]
    assert found == [
        "cells: the labels were written by the program (2 times)",
        "cells: 3 corrections by hand",
        "cells: 1 mark of what was reviewed by hand",
        "other: the prediction was written by the program",
        "image 7: weights was written by the program",
        "other: 1 edit of strange by hand",
    ]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "Image 1: cells, ZYX 3 x 20 x 30"),
        ({"hash": "abc"}, "Image 1: cells, ZYX 3 x 20 x 30, sha256 abc"),
        ({"details": {"view": {"diameter": 17.26}}}, "Image 1: cells, ZYX 3 x 20 x 30, objects of 17.3 px"),
        ({"details": {"view": {"diameter": None}}}, "Image 1: cells, ZYX 3 x 20 x 30"),
        ({"details": {"view": None}}, "Image 1: cells, ZYX 3 x 20 x 30"),
    ],
)
def test_images_come_first_without_a_time(changed: dict[str, Any], text: str) -> None:
    reference = ImageReference("cells", "ZYX", (3, 20, 30), **changed)
    [entry] = log(images={1: reference})
    assert describe_entry(entry) == text
    assert (entry["what"], entry["number"], "time" in entry) == ("image", 1, False)


def test_models_say_what_they_came_of_and_trainings_how_they_went() -> None:
    models = [
        {"name": "child", "hash": "c" * 64, "parent": "p" * 64, "time": 20.0},
        {"name": "base", "hash": "b" * 64, "parent": None, "time": 10.0},
    ]
    record = {
        "name": "child", "steps": 40, "seconds": 31, "images": ["a", "b"], "n_objects": 16, "n_corrected": 3,
        "settings": {"seed": 5},
    }  # fmt: skip
    trainings = [{"time": 15.0, "model": "c" * 64, "record": record}]
    entries = log(models=models, trainings=trainings)[1:]
    assert [describe_entry(entry) for entry in entries] == [
        "1970-01-01 00:00:10  Model base (sha256 bbbbbbbbbbbb) was used",
        "1970-01-01 00:00:15  Trained child (sha256 cccccccccccc): 40 steps in 31 s, seed 5, on 16 objects "
        "(3 corrected) of a, b",
        "1970-01-01 00:00:20  Model child (sha256 cccccccccccc) was used, which came of pppppppppppp",
    ]
    assert entries[1]["sha256"] == "c" * 64
    assert (entries[1]["seed"], entries[1]["settings"]) == (5, {"seed": 5})


def test_a_training_of_which_little_is_known_is_told_all_the_same() -> None:
    [_, entry] = log(trainings=[{"time": 0.0, "model": None, "record": {"steps": 1, "seconds": 2}}])
    assert entry["text"].startswith("Trained a model (sha256 None): 1 steps in 2 s, on None objects")
    assert entry["seed"] is None
