"""Loads what the first *Segment* needs, in a thread, once the window stands and before anybody asks for it.

Importing torch takes a second or two, and parts of that (the dynamic libraries) hold up every thread of the program: on
the first click this is felt, while the window has just opened it is not. Files are read ahead, which lets others run.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from napari_unet.ui.session.running.threads import run_alone

NO_WARMING = "NAPARI_UNET_NO_WARMING"
_LIBRARIES = ("libtorch_cpu.so", "libtorch_python.so", "torch_cpu.dll", "libtorch_cpu.dylib")
_PIECE = 2**24


def warm_up(load: Callable[[], Any]) -> threading.Thread | None:
    """Import what segments, then `load` a model; nothing if torch is there already, or the environment says so."""
    if "torch" in sys.modules or os.environ.get(NO_WARMING):
        return None
    return run_alone(_warm_up, load, name="warming")


def _warm_up(load: Callable[[], Any]) -> None:
    from napari_unet.errors import UserError

    _prepare_lines()
    _read_ahead()
    from napari_unet.models.running.device import lower_thread_priority

    lower_thread_priority()
    import napari_unet.segmentation.segment  # noqa: F401

    try:
        load()
    except UserError:
        return  # said when somebody segments


def _prepare_lines() -> None:
    """Have vispy's patterns of dashes, which it otherwise computes for half a second with the first labels."""
    from vispy.visuals.line.dash_atlas import DashAtlas

    DashAtlas()


def _read_ahead() -> None:
    """Have the large libraries in the system's memory, without the lock that importing them holds."""
    spec = find_spec("torch")
    folder = Path(spec.origin).parent / "lib" if spec is not None and spec.origin else None
    for path in () if folder is None else (folder / name for name in _LIBRARIES):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(_PIECE):
                    pass
