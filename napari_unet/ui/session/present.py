"""What is known to be there although its type says that it may not be, as layers may vanish at any time."""

from __future__ import annotations

from typing import TypeVar

from napari_unet.errors import UserError

T = TypeVar("T")


def present(value: T | None) -> T:
    """`value`, which a button or a tool that can be used stands for; raises `UserError` if it has gone meanwhile."""
    if value is None:
        raise UserError("What this was about is not there any more: choose the image again, and segment it.")
    return value
