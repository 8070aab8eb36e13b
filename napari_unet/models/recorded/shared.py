"""Model files that ship and have the weights of one kind in another file beside them, so that these ship once.

Such a file names the other one and its SHA-256 in its header, and lacks the tensors of that kind, but for its looks and
its picture. What is read of it, hashed, copied and exported is always the whole: the file as if it held these tensors.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from napari_unet.errors import UserError
from napari_unet.models.recorded.picture import NAME as PICTURE

LOOKS = "looks"
"""Name of the tensor of what the images of a kind look like."""
_SHARED = "shared_weights"  # in the metadata: {"prefix": "kind.0.", "file": ..., "sha256": ...} as JSON
METADATA = "__metadata__"
_ALIGNMENT = 8  # bytes; where the weights begin

Header = dict[str, Any]


def read_all_weights(path: Path) -> bytes:
    """The bytes of the model file at `path`, with the weights that lie in another file beside it put in.

    Raises `UserError` if that file is not there, or is another one; `OSError` if `path` cannot be read.
    """
    payload = path.read_bytes()
    try:
        header, data = split_file(payload)
        named = header.get(METADATA, {}).pop(_SHARED, None)
        shared = None if named is None else dict(json.loads(named))
    except (struct.error, ValueError, AttributeError, TypeError):
        return payload  # damaged: who reads it as a model says so
    if shared is None:
        return payload
    theirs, weights = split_file(_read_beside(path, str(shared["file"]), str(shared["sha256"])))
    whole = bytearray(data)
    for name in _weights_of(theirs):
        first, last = theirs[name]["data_offsets"]
        offsets = [len(whole), len(whole) + last - first]
        header[f"{shared['prefix']}{name}"] = {**theirs[name], "data_offsets": offsets}
        whole += weights[first:last]
    return join_file(header, bytes(whole))


def write_sharing(whole: Path, target: Path, prefix: str, beside: Path) -> None:
    """Write the model file `whole` to `target` without the weights of one kind, which the file `beside` has.

    `prefix` is what the names of that kind's tensors begin with. Raises `ValueError` if they are not the same there.
    """
    header, data = split_file(whole.read_bytes())
    theirs, weights = split_file(beside.read_bytes())
    kept: Header = {METADATA: dict(header[METADATA])}
    left = bytearray()
    for name in _in_order(header):
        first, last = header[name]["data_offsets"]
        own = name.removeprefix(prefix)
        if name.startswith(prefix) and own not in (LOOKS, PICTURE):
            begin, end = theirs[own]["data_offsets"]
            if weights[begin:end] != data[first:last]:
                raise ValueError(f"{name} is not the same in {beside.name}: these are other weights.")
            continue
        kept[name] = {**header[name], "data_offsets": [len(left), len(left) + last - first]}
        left += data[first:last]
    named = {"prefix": prefix, "file": beside.name, "sha256": hashlib.sha256(beside.read_bytes()).hexdigest()}
    kept[METADATA][_SHARED] = json.dumps(named)
    target.write_bytes(join_file(kept, bytes(left)))


def _read_beside(path: Path, name: str, sha256: str) -> bytes:
    beside = path.parent / Path(name).name
    try:
        payload = beside.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path.name} has some of its weights in {beside.name}, which is not beside it: export the model from the "
            "program, which writes all of it into one file."
        ) from error
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise UserError(f"{beside.name} is not the file that {path.name} came with: install the program again.")
    return payload


def split_file(payload: bytes) -> tuple[Header, bytes]:
    """The header of a model file, and its weights."""
    (length,) = struct.unpack("<Q", payload[:8])
    return dict(json.loads(payload[8 : 8 + length])), payload[8 + length :]


def join_file(header: Header, data: bytes) -> bytes:
    """A model file of a header and weights; the inverse of `split_file`."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return struct.pack("<Q", len(text)) + text + data


def _in_order(header: Header) -> list[str]:
    return sorted((name for name in header if name != METADATA), key=lambda name: header[name]["data_offsets"])


def _weights_of(header: Header) -> list[str]:
    return [name for name in _in_order(header) if name not in (LOOKS, PICTURE)]
