"""What a model may be called, where its file goes, and files that are there only once they are whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from napari_unet.errors import UserError

SUFFIX = ".safetensors"


def checked_name(name: str) -> str:
    """`name` without needless spaces; raises `UserError` if a model cannot be called so."""
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise UserError("A model's name must have 1 to 100 characters: choose another name.")
    return name


def free_name(name: str, taken: Sequence[str]) -> str:
    """`name`, with a number behind it if it is among those `taken`, whatever the case."""
    name = checked_name(name)
    known = {one.casefold() for one in taken}
    if name.casefold() not in known:
        return name
    stem = re.sub(r" \(\d+\)$", "", name)
    return next(new for n in range(2, len(known) + 3) if (new := f"{stem} ({n})").casefold() not in known)


def model_stem(name: str) -> str:
    """What the file of a model of that name is called, without its suffix."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def free_path(folder: Path, name: str) -> Path:
    """A file in `folder` that does not exist, told from `name`."""
    stem = model_stem(name)
    number = 1
    while (path := folder / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")).exists():
        number += 1
    return path
