"""A training goes on from its checkpoint as if it had never stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from napari_unet.errors import UserError
from napari_unet.training.checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights


def parts(seed: int, width: int = 3) -> tuple[dict[str, nn.Module], torch.optim.Optimizer, torch.Generator]:
    torch.manual_seed(seed)
    modules: dict[str, nn.Module] = {"network": nn.Linear(2, width), "network_average": nn.Linear(2, width)}
    return modules, torch.optim.AdamW(modules["network"].parameters(), lr=0.1), torch.Generator().manual_seed(seed)


def step(modules: dict[str, nn.Module], optimiser: torch.optim.Optimizer, generator: torch.Generator) -> None:
    optimiser.zero_grad()
    modules["network"](torch.rand(4, 2, generator=generator)).square().sum().backward()
    optimiser.step()


def test_the_next_step_is_the_one_that_would_have_come(tmp_path: Path) -> None:
    first, second = parts(1), parts(2)
    step(*first)
    step(*first)
    save_checkpoint(tmp_path / "new" / "run", *first, {"step": 2, "scores": [0.5]})
    assert load_checkpoint(tmp_path / "new" / "run", *second) == {"step": 2, "scores": [0.5]}
    step(*first)
    step(*second)
    for name in ("network", "network_average"):
        for one, other in zip(first[0][name].parameters(), second[0][name].parameters(), strict=True):
            assert torch.equal(one, other)
    assert [path.name for path in (tmp_path / "new" / "run").iterdir()] == ["checkpoint.safetensors"]


def test_without_a_checkpoint_nothing_is_changed(tmp_path: Path) -> None:
    own, same = parts(1), parts(1)
    (tmp_path / "checkpoint.safetensors.part").write_bytes(b"half")
    assert load_checkpoint(tmp_path, *own) is None
    assert torch.equal(own[0]["network"].weight, same[0]["network"].weight)


def test_a_checkpoint_of_another_network_is_told_with_its_folder(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, *parts(1), {})
    with pytest.raises(
        UserError, match=r"of another network\. Choose another folder, or delete it to start anew"
    ) as told:
        load_checkpoint(tmp_path, *parts(1, width=4))
    assert str(tmp_path) in str(told.value)


def test_weights_are_kept_by_name(tmp_path: Path) -> None:
    one, other = nn.Linear(2, 3), nn.Linear(2, 3)
    save_weights(tmp_path / "new", "best", one)
    before = other.weight.clone()
    assert not load_weights(tmp_path / "new", "last", other)
    assert torch.equal(other.weight, before)
    assert load_weights(tmp_path / "new", "best", other)
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(one.bias, other.bias)


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"text" * 9]
)
def test_a_damaged_checkpoint_is_told_and_changes_nothing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    save_checkpoint(tmp_path, *parts(1), {})
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    own, same = parts(2), parts(2)
    with pytest.raises(UserError, match=r"is damaged, or no checkpoint of a training\. Delete it to start anew"):
        load_checkpoint(tmp_path, *own)
    assert torch.equal(own[0]["network"].weight, same[0]["network"].weight)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(UserError, match="no checkpoint of a training"):
        load_checkpoint(tmp_path, *own)
