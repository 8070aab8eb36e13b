"""What the clock decided in a training, kept so that the training can be done again without a clock.

How many steps there was time for, what was scored and when, on how many threads a step ran: each such question has a
name, and its answers are a list of whole numbers in the order in which it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby


class Decisions:
    """Answers as they are found, or those of an `earlier` run, as `told` wrote them, in their place.

    A question that the earlier run was not asked, or not so often, is answered anew.
    """

    def __init__(self, earlier: Mapping[str, str] | None = None) -> None:
        self._made: dict[str, list[int]] = {}
        self._earlier = {name: _unpacked(text) for name, text in (earlier or {}).items()}

    def take(self, name: str, answer: Callable[[], int]) -> int:
        """The answer to the question called `name`."""
        found = next(self._earlier.get(name, iter(())), None)
        value = int(answer()) if found is None else found
        self._made.setdefault(name, []).append(value)
        return value

    def told(self) -> dict[str, str]:
        """All answers: numbers with blanks between, 14*0 for fourteen times 0."""
        return {name: " ".join(_packed(values)) for name, values in self._made.items()}


def _packed(values: list[int]) -> Iterator[str]:
    for value, same in groupby(values):
        count = len(list(same))
        yield f"{count}*{value}" if count > 1 else str(value)


def _unpacked(text: str) -> Iterator[int]:
    for part in text.split():
        count, _, value = part.rpartition("*")
        for _ in range(int(count or 1)):
            yield int(value)
