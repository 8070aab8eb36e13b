"""What training says while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepDone:
    """One optimiser step (yielded at most about ten times a second)."""

    step: int
    loss: float
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Validated:
    """The network so far, scored on the validation images (higher is better)."""

    step: int
    score: float
