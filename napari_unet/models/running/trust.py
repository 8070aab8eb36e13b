"""Whether an accelerator computes what the CPU computes: asked once a process, before anything relies on it.

A graphics processor with a broken driver gives wrong values without an error, and then nothing at all is found.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache

import torch

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running.device import choose_device, describe_device
from napari_unet.models.unet import UNet

_SIDE = 64  # pixels of the tile
_TOLERANCE = 0.02  # of the largest value; another order of sums, and TF32, stay ten times below
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """The processor to use, and, where that is not the one that was there, a sentence that says why."""

    device: torch.device
    note: str = ""


@lru_cache
def choose_trusted(name: str) -> Choice:
    """The device called `name`; on "auto" an accelerator only if it agrees with the CPU on one small tile."""
    device = choose_device(name)
    if name != "auto" or device.type == "cpu" or agrees(device):
        return Choice(device)
    what = describe_device(device)
    return Choice(
        torch.device("cpu"),
        f"Computed on the processor, since {what} gives other values than it: update its driver or the system, or "
        f"choose the device {device.type} to use it all the same.",
    )


def agrees(device: torch.device) -> bool:
    """Whether a small network says of one tile on `device` what it says on the CPU."""
    try:
        network, tile = _make_network(), _make_tile()
        with torch.inference_mode():
            expected = network(tile)
            found = run_on(device, network, tile)
    except (RuntimeError, NotImplementedError) as error:  # torch's errors of a device are these
        _log.warning("%s cannot be used: %s", device, error)
        return False
    worst = float((found - expected).abs().max() / expected.abs().max())
    return worst <= _TOLERANCE  # not if it is NaN


def run_on(device: torch.device, network: UNet, tile: torch.Tensor) -> torch.Tensor:
    """What `network` says of `tile` on `device`, in the layout that predictions use; back on the CPU."""
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = tile.to(device).contiguous(memory_format=torch.channels_last)
    answer: torch.Tensor = network(batch).cpu()
    return answer


def _make_network() -> UNet:
    """A network of the usual kind of layers, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return UNet(UNetConfig(base_channels=8)).eval()


def _make_tile() -> torch.Tensor:
    return torch.rand((1, 1, _SIDE, _SIDE), generator=torch.Generator().manual_seed(0))
