"""How a file is to be read: what every reader is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadRequest:
    """`incomplete`: what is whole of a damaged file will do. `ids`: numbers of objects are wanted, not brightness.

    Brightness is what is shown: inverted greys are turned round and palettes are looked up. Ids are taken as stored.
    """

    incomplete: bool = False
    ids: bool = False


EAGER_BYTES = 2**28
"""Smaller images are read into memory: quicker to work on, and the file is free again."""
AS_SHOWN = ReadRequest()
