"""What is told of a project that was opened, and which steps of before can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from napari_unet.ui.project.opening import Reopened, _as_many


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({}, "Nothing is in the project yet."),
        ({"problems": ["The image a is gone."]}, ""),
        ({"images": ["a"]}, "Restored a: labels."),
        ({"images": ["a"], "reviewed": True}, "Restored a: labels and reviewed regions."),
        ({"images": ["a"], "n_locked": 1}, "Restored a: labels and 1 locked object."),
        ({"images": ["a", "b", "c"], "n_undo": 1}, "Restored a, b, c: labels and 1 step that can be undone."),
        (
            {"images": list("abcde"), "reviewed": True, "n_locked": 2, "n_undo": 7},
            "Restored a, b, c and 2 more: labels, reviewed regions, 2 locked objects and 7 steps that can be undone.",
        ),
        ({"images": list("abcd"), "problems": ["The image e is gone."]}, "Restored a, b, c and 1 more: labels."),
    ],
)
def test_what_came_back_is_told_in_one_sentence(what: dict[str, Any], told: str) -> None:
    assert Reopened(**what).sentence == told


@pytest.mark.parametrize(
    ("roles", "counts", "kept"),
    [
        ("llr", {"l": 2, "r": 1}, "llr"),
        ("lrlrl", {"l": 1, "r": 2}, "rrl"),  # the last ones stay, in their order
        ("lrl", {"l": 2}, "ll"),
        ("lr", {"l": 5, "r": 0}, "l"),
        ("", {"l": 3}, ""),
    ],
)
def test_of_the_steps_the_last_stay_as_many_as_were_restored(roles: str, counts: dict[str, int], kept: str) -> None:
    given = dict(counts)
    assert _as_many(list(roles), counts) == list(kept)
    assert counts == given
