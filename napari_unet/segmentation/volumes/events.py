"""What is said while a volume is looked at from its sides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SideDone:
    """`done` of `total` side views of a volume are through the network."""

    done: int
    total: int
    seconds_left: float | None
