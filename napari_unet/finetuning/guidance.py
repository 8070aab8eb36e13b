"""What would help, in plain words: how many more objects, of which kind, where; and what a run will cost.

`GOOD_SESSION` is where the curve of `benchmarks/effort.py` is meant to have most of its gain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from napari_unet.finetuning.material.split import MIN_OBJECTS

if TYPE_CHECKING:
    from napari_unet.corrections.comparison import Comparison
    from napari_unet.corrections.corrected_image import CorrectedImage

GOOD_SESSION = 25
"""Corrected objects that are enough for a good fine-tuning."""

_KINDS = {
    "missed": "missed by the model",
    "false": "found where nothing is",
    "merged": "merged with others",
    "split": "split in pieces",
    "outline": "drawn with a wrong outline",
    "wrong": "drawn wrongly",
}
_MOSTLY = 0.5  # share of the corrections from which one kind is the one to speak of
_SEVERAL = 5  # corrections, below which nothing is said of their kind


def count_kinds(images: Sequence[CorrectedImage]) -> Counter[str]:
    """What the model had got wrong, by kind: missed, false, merged, split, outline."""
    return sum((_kinds(comparison) for one in images for comparison in one.comparisons), Counter())


def _kinds(comparison: Comparison) -> Counter[str]:
    found = Counter({"missed": len(comparison.added), "false": len(comparison.removed)})
    heirs = Counter(before for origins in comparison.origins.values() for before in origins)
    for origins in comparison.origins.values():
        shared = any(heirs[before] > 1 for before in origins)
        found["merged" if shared else "split" if len(origins) > 1 else "outline"] += 1
    return +found


def advise_amount(n_corrected: int, n_objects: int) -> str:
    """How many more objects would help; `n_objects` are reviewed ones, corrected or not. Empty if there is nothing."""
    if n_corrected + n_objects == 0:
        return ""
    if n_corrected == 0:
        return "Nothing is corrected yet, so there is nothing new to learn: correct objects where the model is wrong."
    if n_objects < MIN_OBJECTS:
        more = _count(MIN_OBJECTS - n_objects, "more reviewed object")
        return f"With {more}, some can be held back to tell whether the new model is better."
    if n_corrected < GOOD_SESSION:
        return f"This is a start; {_count(GOOD_SESSION - n_corrected, 'more corrected object')} would help further."
    return "Enough is corrected for a good session."


def advise_truth(n_objects: int) -> str:
    """What there is to say of ground truth that was given, and not corrected here."""
    return f"{_count(n_objects, 'object')} of ground truth can be learned from: click Fine-tune." if n_objects else ""


def advise_kind(kinds: Mapping[str, int]) -> str:
    """Which kind of object to correct next, as far as what was corrected so far tells; else empty."""
    total = sum(kinds.values())
    if total < _SEVERAL:
        return ""
    kind, most = max(kinds.items(), key=lambda pair: pair[1])
    if kind == "false" and most == total:
        return "So far you only deleted objects: draw some that are missed or wrong too, or the model finds too little."
    if kind == "missed" and most == total:
        return "So far you only added objects: if the model also finds some where nothing is, delete a few of them."
    if most < _MOSTLY * total:
        return ""
    return f"Most that you corrected were {_KINDS[kind]} ({most} of {total}): more of this kind would help most."


def advise_place(corrected: Mapping[str, int]) -> str:
    """Whether corrections, counted by image, should come from elsewhere; else empty."""
    total, touched = sum(corrected.values()), [name for name, count in corrected.items() if count]
    if len(corrected) < 2 or len(touched) != 1 or total < _SEVERAL:
        return ""
    return f"All corrections are in “{touched[0]}”: correct some in another image too, so that the model fits both."


def advise_classes(names: Sequence[str], pixels: Sequence[int]) -> str:
    """What is missing where values are classes, of which so many pixels each are reviewed; empty if nothing is."""
    seen = [name for name, count in zip(names, pixels, strict=True) if count]
    missing = [name for name, count in zip(names, pixels, strict=True) if not count]
    if len(seen) == 1:
        return f"Only {seen[0]} is reviewed so far: mark some of another class too, so that there is a difference."
    if missing:
        return (
            f"Nothing of {' and '.join(missing)} is reviewed yet, so it will not be learned: paint some, or mark some "
            "that is right with Brush or Box."
        )
    return ""


def describe_cost(seconds: float, computer: str) -> str:
    """For example "Takes about 1 minute on the processor (2 cores)"; `computer` as an engine describes it."""
    minutes = seconds / 60
    time = f"{seconds:.0f} seconds" if seconds < 60 else _count(round(minutes), "minute")
    return f"Takes about {time} on {computer}."


def advise(
    images: Sequence[CorrectedImage], n_objects: int, better: bool | None = None, finished: bool = False
) -> list[str]:
    """All that can be said of `images`, for a run that is to begin or (`finished`) has come out as `better`."""
    kinds = count_kinds(images)
    corrected = {one.name: one.counts.total for one in images}
    known = all(one.prediction is not None for one in images)
    said = [advise_amount(sum(kinds.values()), n_objects) if known else ""]
    said += [advise_kind(kinds), advise_place(corrected)]
    if finished and better:
        said = ["Go on with what the new model still gets wrong: segment again, and correct that.", *said[1:]]
    elif finished and sum(kinds.values()) >= GOOD_SESSION:
        said = ["A longer time may help, or objects that look different from those that you corrected.", *said[1:]]
    return [sentence for sentence in said if sentence]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
