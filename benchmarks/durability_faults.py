"""Whether the user was told of a fault, and if not, whether they had to be: judged from what was written down.

**At risk** is work in a session in which one of these happened:

- a *commit failed* (the store counts them): what was in it is only in memory until it is tried again;
- an edit was *late*: the store said only `LATE_SECONDS` or more after it was handed over that it is saved, whatever
  the cause, a write that hangs included;
- at *closing*, part of the project stayed in the log beside its file, where a copy of the file alone would miss it.

**Told** means that the state of the store, which the window asks for five times a second, had a sentence at most
`SLACK_SECONDS` after the commit had failed or the edit had become late, and lost it again before the end (for closing:
that the store said so).

At risk and not told is a failure. A fault that was not told of must prove that it put nothing at risk, in one of
these ways, or is a failure as well:

- *no fault fell* within the session (it made fewer writes than usual);
- *mended in the same write*: each half write was followed by one that goes on at just the byte where it ended, in the
  same file, with no error in between and no commit that failed;
- *tidying*: each write that failed was to the database file, into which SQLite copies what is safe in the log, or was
  made while the tiles were brought up to date after a commit (the store said so within `SLACK_SECONDS`, and counted
  no commit that failed); no edit was late, and, as in every session, all are there when the project is opened again;
- *nothing waited*: a write that hung, and no edit was late for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from durability_session import NAME

from napari_unet.project.storage.writer import LATE_SECONDS

KINDS = ("ENOSPC", "EIO", "SHORT", "SLOW")
SLACK_SECONDS = 0.5


@dataclass(frozen=True)
class Fault:
    """One line of what the shim wrote down."""

    seconds: float
    what: str
    file: str
    offset: int
    n_bytes: int


@dataclass(frozen=True)
class Course:
    """What happened in a session, and when: see `durability_session.py` for the words."""

    events: tuple[tuple[str, int, float], ...]
    faults: tuple[Fault, ...]

    @classmethod
    def read(cls, acks: str, faults: str) -> Course:
        events = (line.split() for line in acks.splitlines())
        lines = (line.split() for line in faults.splitlines())
        return cls(
            tuple((what, int(number), float(seconds)) for what, number, seconds in events),
            tuple(Fault(float(at), what, file, int(offset), int(n)) for at, what, file, offset, n in lines),
        )

    def times(self, what: str) -> list[float]:
        return [seconds for name, _, seconds in self.events if name == what]

    def late(self) -> list[float]:
        """When edits became late."""
        saved = [(number, seconds) for what, number, seconds in self.events if what == "saved"]
        found = []
        for what, number, given in self.events:
            if what == "given":
                at = next((seconds for edits, seconds in saved if edits >= number), float("inf"))
                if at - given > LATE_SECONDS + SLACK_SECONDS:
                    found.append(given + LATE_SECONDS)
        return found

    @property
    def apart(self) -> bool:
        return bool(self.times("apart"))

    @property
    def at_risk(self) -> bool:
        return bool(self.times("failed") or self.late() or self.apart or self.times("closed-unsaved"))

    @property
    def told(self) -> bool:
        return bool(self.times("trouble")) or self.apart

    def problems(self) -> list[str]:
        """What the user should have been told of and was not, and faults that nothing shows to be harmless."""
        found = [
            f"{what} at {at:.2f}, and the user was not told"
            for what, times in (("a commit failed", self.times("failed")), ("an edit was late", self.late()))
            for at in times
            if not self._sentence_at(at)
        ]
        if self._sentence_at(float("inf")):
            found.append("the user was never told that all is well again")
        if not self.at_risk and not self.told and self.excuse() is None:
            found.append(f"nobody was told, and nothing shows that there was no need: {self.faults}")
        return found

    def _sentence_at(self, at: float) -> bool:
        """Whether there was a sentence at a moment, or came very soon after."""
        begun = [seconds for seconds in self.times("trouble") if seconds <= at + SLACK_SECONDS]
        ended = [seconds for seconds in self.times("well") if seconds < at - SLACK_SECONDS]
        return len(begun) > len(ended)

    def excuse(self) -> str | None:
        """Why nobody had to be told, as the shim's notes show it; None: nothing shows that."""
        if not self.faults:
            return "no fault fell"
        if all(fault.what in ("half-write", "rest-write") for fault in self.faults):
            pairs = zip(self.faults[::2], self.faults[1::2], strict=False)
            whole = len(self.faults) % 2 == 0 and all(
                (half.what, rest.what, half.file) == ("half-write", "rest-write", rest.file)
                and rest.offset == half.offset + half.n_bytes // 2 + 1
                for half, rest in pairs
            )
            return "mended in the same write" if whole else None
        if all(fault.what == "slow-write" for fault in self.faults):
            return "nothing waited"  # or an edit would have been late
        failed = [fault for fault in self.faults if fault.what.startswith("failed")]
        harmless = all(fault.file == NAME or self._untidied_at(fault.seconds) for fault in failed)
        return "tidying" if harmless else None

    def _untidied_at(self, at: float) -> bool:
        """Whether the store said just then that it could not tidy up."""
        return any(abs(seconds - at) < SLACK_SECONDS for seconds in self.times("untidied"))


def describe(courses: list[Course]) -> str:
    """How many of these sessions were at risk, and told; and why the others did not need it."""
    at_risk = [course for course in courses if course.at_risk]
    others = [course for course in courses if not course.at_risk and not course.told]
    reasons = Counter(course.excuse() or "not known" for course in others)
    n_well_told = sum(not course.problems() for course in at_risk)
    n_extra = sum(course.told and not course.at_risk for course in courses)
    line = f"{len(courses)} sessions, something at risk in {len(at_risk)}, the user told in {n_well_told} of these"
    if n_extra:
        line += f"; told in {n_extra} more"
    if reasons:
        line += "; no need: " + ", ".join(f"{reason} {n}" for reason, n in reasons.items())
    return line
