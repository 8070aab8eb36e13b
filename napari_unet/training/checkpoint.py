"""A training's state on the disk, in tensors and JSON only, so that a kill costs little."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_unet.errors import UserError

_NAME = "checkpoint.safetensors"


def save_checkpoint(
    folder: Path,
    modules: dict[str, nn.Module],
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    notes: dict[str, Any],
) -> None:
    """Write beside the last checkpoint and then put in its place, so that one of them is whole at any time."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{name}.{k}": v.contiguous() for name, m in modules.items() for k, v in m.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v).contiguous() for k, v in state.items()}
    tensors["generator"] = generator.get_state()
    part = folder / (_NAME + ".part")
    save_file(tensors, part, metadata={"trainer": json.dumps(notes)})
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(folder / _NAME)


def load_checkpoint(
    folder: Path, modules: dict[str, nn.Module], optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Any] | None:
    """Fill modules, optimiser and generator from the checkpoint in `folder`; its notes, or None where there is none."""
    from safetensors import SafetensorError, safe_open

    path = folder / _NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no mapping)
            notes: dict[str, Any] = json.loads((file.metadata() or {})["trainer"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged, or no checkpoint of a training. Delete it to start anew.") from error
    try:
        for name, module in modules.items():
            module.load_state_dict({k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")})
    except RuntimeError as error:
        raise UserError(
            f"The checkpoint in {folder} is of another network. Choose another folder, or delete it to start anew."
        ) from error
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, field = key.split(".", 2)
            state.setdefault(int(index), {})[field] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    generator.set_state(tensors["generator"])
    return notes


def save_weights(folder: Path, name: str, network: nn.Module) -> None:
    """Weights alone, as `folder/name.safetensors`."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / f"{name}.safetensors")


def load_weights(folder: Path, name: str, network: nn.Module) -> bool:
    """Fill `network` from `folder/name.safetensors`; whether there was one."""
    from safetensors.torch import load_file

    path = folder / f"{name}.safetensors"
    if path.exists():
        network.load_state_dict(load_file(path))
    return path.exists()
