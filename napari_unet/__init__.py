"""A U-Net that biologists teach by painting: segment, correct, fine-tune, in one napari window."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_unet.models.library import load_model
    from napari_unet.workflows.evaluation import evaluate
    from napari_unet.workflows.segmenting import segment
    from napari_unet.workflows.teaching import finetune
    from napari_unet.workflows.tracking import track

# Read by OpenMP when torch is first imported. Threads that wait for each other sleep rather than spin, and leave their
# core to the window that is being painted in.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["evaluate", "finetune", "load_model", "segment", "track"]

# Looked up on first use, so that importing the package (which napari does at start) stays free of torch.
_HOMES = {
    "evaluate": "napari_unet.workflows.evaluation",
    "finetune": "napari_unet.workflows.teaching",
    "load_model": "napari_unet.models.library",
    "segment": "napari_unet.workflows.segmenting",
    "track": "napari_unet.workflows.tracking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
