"""A network of volumes made of a network of planes, so that it knows at once what that one knows.

Each 3x3 kernel becomes the middle slice of a 3x3x3 kernel that is 0 elsewhere (the centre-initialization that Tran et
al., CVPR 2018, and others use beside the repeated kernels of I3D: Carreira and Zisserman, arXiv:1705.07750): before
anything is learned, a slice does not see its neighbours.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from napari_unet.errors import UserError
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.unet import UNet


def inflate_model(model: Model, flatness: float = 1.0, z_pooling: bool = True) -> Model:
    """A 3D model that says of each slice what `model` says of it; a 3D model stays as it is.

    Parameters
    ----------
    model : Model
        Of one channel; of several kinds of image its own is taken.
    flatness : float
        How many times as long along z as along y a voxel is, as the network will see it.
    z_pooling : bool
        Whether the network pools along z where voxels are nearly cubes: half of the work. Then slices are the same as
        in 2D only where their neighbours are the same, else nearly so; without, exactly.

    Raises
    ------
    UserError
        If the model looks at several channels.
    """
    flat = model.record.architecture
    if flat.ndim == 3:
        return model
    if flat.in_channels != 1:
        raise UserError(f"{model.name} looks at {flat.in_channels} channels: only a model of one channel learns in 3D.")
    n_flat = count_flat_stages(flatness / flat.stem, flat.depth)  # the stem halves Y and X, too
    deep = flat.model_copy(update={"ndim": 3, "flat_stages": n_flat, "z_pooling": z_pooling})
    record = model.record.model_copy(update={"architecture": deep, "axes": "ZYX", "kinds": ()})
    return replace(model, body=inflate_network(model.network, deep), record=record, sha256=None, path=None, others=())


def count_flat_stages(flatness: float, depth: int) -> int:
    """After how many poolings in Y and X a voxel, `flatness` times as long along z, is nearly a cube; at most `depth`.

    Until then stages see each slice by itself, and poolings leave z as it is (nnU-Net: Isensee et al., 2021).
    """
    return min(depth, round(math.log2(max(1.0, flatness))))


@torch.no_grad()
def inflate_network(network: UNet, config: UNetConfig) -> UNet:
    """`network` as one of `config`, which differs in its dimensions alone."""
    inflated = UNet(config)
    known = network.state_dict()
    weights = {name: _inflate(known[name], wanted) for name, wanted in inflated.state_dict().items()}
    inflated.load_state_dict(weights)
    return inflated.train(network.training)


def _inflate(weight: Tensor, wanted: Tensor) -> Tensor:
    """A kernel with one more axis before its rows: in the middle of 3, or the same in each of 2."""
    if weight.shape == wanted.shape:
        return weight
    depth = wanted.shape[2]
    if depth == 2:  # an up-convolution: each slice becomes two
        return weight[:, :, None].expand_as(wanted).to(wanted)
    kernel = torch.zeros_like(wanted)
    kernel[:, :, depth // 2] = weight
    return kernel
