"""How far found labels agree with the ground truth, image by image; what every head's tally can do."""

from __future__ import annotations

from typing import Protocol, TypeVar

T = TypeVar("T", bound="Tally")


class Tally(Protocol):
    """Adds up over images. `main` is the one number that is shown, `title` its name, `figures` all of them."""

    title: str

    def __add__(self: T, other: T) -> T: ...

    @property
    def main(self) -> float: ...

    def figures(self) -> dict[str, float]: ...
