"""An accelerator is used on "auto" only if it computes what the CPU computes; who asks for it by name gets it."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.models.running import trust
from napari_unet.models.running.engine import Engine
from napari_unet.models.unet import UNet

Answer = Callable[[UNet, torch.Tensor], torch.Tensor]


def right(network: UNet, tile: torch.Tensor) -> torch.Tensor:
    return network(tile) * 1.001


def broken(network: UNet, tile: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("no kernel image is available for execution on the device")


WRONG: dict[str, Answer] = {
    "zeros": lambda network, tile: torch.zeros_like(network(tile)),
    "not a number": lambda network, tile: torch.full_like(network(tile), torch.nan),
    "one pixel": lambda network, tile: network(tile).index_fill(3, torch.tensor([5]), 3.0),
    "an error": broken,
}


@pytest.fixture
def fake_card(monkeypatch: pytest.MonkeyPatch):
    """A computer with a graphics card that answers as it is told; returns what tells it, and what it was asked."""
    asked: list[torch.device] = []

    def install(answer: Answer) -> list[torch.device]:
        def run_on(device: torch.device, network: UNet, tile: torch.Tensor) -> torch.Tensor:
            asked.append(device)
            return answer(network, tile)

        monkeypatch.setattr(trust, "run_on", run_on)
        return asked

    monkeypatch.setattr(trust, "choose_device", lambda name: torch.device("mps" if name == "auto" else name))
    monkeypatch.setattr(trust, "describe_device", lambda device: "the graphics processor")
    trust.choose_trusted.cache_clear()
    yield install
    trust.choose_trusted.cache_clear()


def test_one_that_agrees_is_used_and_asked_once_a_process(fake_card) -> None:
    asked = fake_card(right)
    assert [Engine().torch_device.type for _ in range(3)] == ["mps"] * 3
    assert (Engine().note, asked) == ("", [torch.device("mps")])


@pytest.mark.parametrize("kind", WRONG)
def test_one_that_says_something_else_is_not_and_the_user_is_told(fake_card, kind: str) -> None:
    fake_card(WRONG[kind])
    assert Engine().torch_device.type == "cpu"
    assert "gives other values" in Engine().note
    assert "device mps" in Engine().note


def test_who_asks_for_it_by_name_gets_it_unasked(fake_card) -> None:
    asked = fake_card(broken)
    assert Engine("mps").torch_device.type == "mps"
    assert (Engine("mps").note, asked) == ("", [])


def test_the_cpu_agrees_with_itself_and_needs_no_check() -> None:
    assert trust.agrees(torch.device("cpu"))
    assert Engine("cpu").torch_device.type == "cpu"
    assert Engine("cpu").describe().startswith("the processor (")


def test_what_is_not_there_gets_a_sentence() -> None:
    if not torch.backends.mps.is_available():
        with pytest.raises(UserError, match="no device 'mps'"):
            _ = Engine("mps").torch_device


def test_an_engine_is_a_value_that_other_processes_take() -> None:
    engine = Engine("cpu", "float32")
    assert pickle.loads(pickle.dumps(engine)) == engine
    assert engine.dtype == torch.float32
