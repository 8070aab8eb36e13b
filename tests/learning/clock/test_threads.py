"""The number of threads of a step is the one that was quicker, and what other code sees does not change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from napari_unet.learning.clock.threads import ThreadChoice


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Machine:
    """A clock that goes on by `seconds[threads]` in each step."""

    def __init__(self, one: float, two: float) -> None:
        self.seconds = {1: one, 2: two}
        self.now = 0.0
        self.choice = ThreadChoice(clock=lambda: self.now)

    def run(self, steps: int) -> list[int]:
        """Do some steps; returns the threads of each."""
        used = []
        for _ in range(steps):
            with self.choice.step():
                used.append(torch.get_num_threads())
                self.now += self.seconds[used[-1]]
        return used


def test_all_threads_where_they_are_quicker() -> None:
    assert Machine(0.4, 0.2).run(20)[4:] == [2] * 16


def test_one_thread_where_the_others_only_wait() -> None:
    used = Machine(0.7, 5.0).run(20)
    assert used.count(2) == 1  # a step that takes so much longer is not tried twice
    assert used[-1] == 1


def test_chosen_again_when_the_computer_becomes_busy() -> None:
    machine = Machine(0.4, 0.2)
    machine.run(10)
    machine.seconds = {1: 0.7, 2: 5.0}
    assert machine.run(12)[-1] == 1


def test_one_slow_step_changes_nothing() -> None:
    machine = Machine(0.4, 0.2)
    machine.run(10)
    machine.seconds[2] = 5.0
    machine.run(1)
    machine.seconds[2] = 0.2
    assert machine.run(10) == [2] * 10


def test_threads_are_as_before_outside_of_a_step() -> None:
    machine = Machine(0.4, 5.0)
    machine.run(10)
    assert torch.get_num_threads() == 2
    with pytest.raises(RuntimeError), machine.choice.step():
        raise RuntimeError("out of memory")
    assert torch.get_num_threads() == 2


def test_scores_are_made_as_the_steps_are() -> None:
    machine = Machine(0.4, 5.0)
    machine.run(10)
    with machine.choice.as_chosen():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_nothing_is_tried_where_a_run_is_to_be_repeatable() -> None:
    choice = ThreadChoice(enabled=False)
    with choice.step():
        assert torch.get_num_threads() == 2
