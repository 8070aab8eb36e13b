"""Networks small enough to train in a test, and batches for them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_unet.heads.registry import head_named
from napari_unet.learning.config import OptimizationConfig
from napari_unet.learning.sampler import Batch
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running.engine import Engine
from napari_unet.models.unet import UNet

HEAD = head_named("instances")
CPU = Engine("cpu")
CONFIG = OptimizationConfig(learning_rate=1e-2, warm_up=0.1, average=0.9)


def make_network(**fields) -> UNet:
    torch.manual_seed(0)
    return UNet(UNetConfig(base_channels=4, depth=1, **fields)).eval()


def make_batch(n: int = 3, n_replay: int = 0, side: int = 16, ndim: int = 2, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    shape = (side,) * ndim
    targets = (torch.rand(n, 2, *shape) > 0.5).float()
    return Batch(torch.randn(n, 1, *shape), targets, torch.ones(n, 1, *shape), n_replay)


def weights_of(network: nn.Module) -> list[Tensor]:
    return [value.clone() for value in network.state_dict().values()]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def seen(network: UNet) -> UNet:
    """`network` after its normalizations have seen data, as those of a trained model have."""
    network.train()
    with torch.no_grad():
        network(torch.randn(4, 1, 16, 16) * 3 + 1)
    return network.eval()
