"""The chain of directories in a TIFF file, one a plane: where it breaks, readers silently stop and lose planes."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from napari_unet.errors import IncompleteError, UserError

_MOST_TAGS = 4096


def check_directories(path: Path) -> None:
    """Raise `UserError` if the chain of directories in the TIFF file at `path` leaves the file or meets nonsense."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        big = head[2:4] in (b"+\0", b"\0+")
        count_format, offset_format, tag_bytes = (
            (order + "Q", order + "Q", 20) if big else (order + "H", order + "I", 12)
        )
        file.seek(8 if big else 4)
        offset = _number(file, offset_format)
        seen = set()
        while offset:
            if offset >= size or offset in seen:
                raise IncompleteError(
                    "the file is cut off or damaged, some of its planes are missing: copy or save it again, or ask for "
                    "what is whole (--incomplete)"
                )
            seen.add(offset)
            file.seek(offset)
            tags = _number(file, count_format)
            if not 0 < tags <= _MOST_TAGS:
                raise UserError("the file is damaged, the description of a plane makes no sense: copy or save it again")
            file.seek(tags * tag_bytes, 1)
            offset = _number(file, offset_format)
        if not seen:
            raise UserError("it holds no image")


def _number(file: BinaryIO, form: str) -> int:
    """The next number in `file`, of the struct format `form`."""
    found = file.read(struct.calcsize(form))
    if len(found) < struct.calcsize(form):
        raise UserError("the file ends before its first plane is described: copy or save it again")
    return int(struct.unpack(form, found)[0])
