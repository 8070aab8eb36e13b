"""What the clock decided is taken again from what was told of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_unet.learning.clock.decisions import Decisions


@given(st.dictionaries(st.sampled_from(("score", "threads of steps")), st.lists(st.integers(0, 10_000), min_size=1)))
def test_answers_are_told_and_taken_again_in_their_order(asked: dict[str, list[int]]) -> None:
    first = Decisions()
    for name, values in asked.items():
        assert [first.take(name, lambda value=value: value) for value in values] == values  # type: ignore[misc]
    again = Decisions(first.told())
    for name, values in asked.items():
        assert [again.take(name, lambda: -1) for _ in values] == values
        assert again.take(name, lambda: -1) == -1  # the earlier run was not asked so often
    assert Decisions(again.told()).told() == {}  # nobody has asked yet


def test_equal_answers_take_little_room() -> None:
    decisions = Decisions()
    for value in (0, 0, 0, 1, 0):
        decisions.take("score", lambda value=value: value)  # type: ignore[misc]
    assert decisions.told() == {"score": "3*0 1 0"}
