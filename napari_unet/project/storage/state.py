"""How it stands with the store, as data: the window shows it, and nobody has to catch anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Saving(Enum):
    """The kinds of state."""

    SAVED = "saved"
    PENDING = "saving"
    LATE = "saving takes long"
    FAILED = "not saved"
    READ_ONLY = "read-only"


@dataclass(frozen=True)
class StoreState:
    """What of the work is on the disk. `sentence` says what is wrong and what helps, if something is."""

    saving: Saving
    sentence: str = ""

    @property
    def failed(self) -> bool:
        return self.saving is Saving.FAILED


SAVED, PENDING = StoreState(Saving.SAVED), StoreState(Saving.PENDING)


def late(sentence: str) -> StoreState:
    """What was done is not on the disk yet, although nothing has failed: the disk has not answered for seconds."""
    return StoreState(Saving.LATE, sentence)


def failure(sentence: str) -> StoreState:
    """Nothing can be written, for the reason that `sentence` says; what is painted stays in memory."""
    return StoreState(Saving.FAILED, sentence)


def read_only(sentence: str) -> StoreState:
    """Nothing will be written, for the reason that `sentence` says."""
    return StoreState(Saving.READ_ONLY, sentence)
