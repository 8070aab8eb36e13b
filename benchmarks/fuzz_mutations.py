"""Small good files, and the ways in which `fuzz_files.py` spoils them."""

from __future__ import annotations

import random
import re
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

Files = dict[str, bytes]
"""A file, or the files of a folder, by their names in it."""

_NUMBERS = (0, 1, 2, 3, 7, 15, 16, 127, 128, 255, 256, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_WORDS = ("0", "-1", "1e400", "NaN", "99999999999999999999", "65536", "4294967295", "null", '""', "[]", "{}", "../../x")
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}


def make_seeds() -> dict[str, list[Files]]:
    """Good files by kind, each of a few kB."""
    labels = np.zeros((24, 32), np.uint16)
    labels[3:9, 4:12], labels[12:20, 6:14], labels[5:18, 20:29] = 1, 2, 300
    grey = (400 + 2000 * (labels > 0) + np.random.default_rng(0).integers(0, 99, labels.shape)).astype(np.uint16)
    stack = np.stack([grey, grey[::-1], grey[:, ::-1]])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return {
            "tiff": _tiffs(place, grey, stack),
            "ome": _ome_tiffs(place, stack),
            "png": [{"a.png": imagecodecs.png_encode(one)} for one in (grey, grey.astype(np.uint8), _colour(grey))]
            + [{"a.jpg": imagecodecs.jpeg_encode(grey.astype(np.uint8))}, {"a.png": _palette(labels)}],
            "zarr": _zarrs(place, stack, grey),
            "model": _models(place),
            "project": _projects(place, labels),
            "labels": [{"a.tif": _tiff(place, labels, **options)} for options in ({}, {"compression": "zlib"})]
            + [{"a.tif": _tiff(place, labels.astype(np.float32))}, {"a.png": imagecodecs.png_encode(labels)}]
            + [{"a.png": imagecodecs.png_encode(_colour(labels))}, {"a.npy": _npy(labels)}],
        }


def _tiff(place: Path, data: np.ndarray, **options: object) -> bytes:
    tifffile.imwrite(place / "a.tif", data, **{"photometric": "minisblack", **options})
    return (place / "a.tif").read_bytes()


def _tiffs(place: Path, grey: np.ndarray, stack: np.ndarray) -> list[Files]:
    ramp = np.arange(256, dtype=np.uint16) * 257
    made = [
        (stack, {}),
        (stack, {"metadata": None}),
        (stack, {"metadata": None, "compression": "zlib", "byteorder": ">"}),
        (stack, {"compression": "lzw", "predictor": 2}),
        (grey, {"tile": (16, 16), "compression": "zstd"}),
        (stack, {"bigtiff": True}),
        (grey.astype(np.uint8), {"photometric": "palette", "colormap": np.stack([ramp, ramp[::-1], ramp])}),
        (grey, {"photometric": "miniswhite"}),
        (_colour(grey), {"photometric": "rgb"}),
        (stack, {"imagej": True, "metadata": {"axes": "ZYX", "unit": "um", "spacing": 2.0}, "resolution": (2, 2)}),
        (np.stack([stack, stack]), {"imagej": True, "metadata": {"axes": "TZYX"}}),
    ]
    return [{"a.tif": _tiff(place, data, **options)} for data, options in made]


def _ome_tiffs(place: Path, stack: np.ndarray) -> list[Files]:
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0, "TimeIncrement": 3}
    made = [(stack, "ZYX"), (stack, "CYX"), (np.stack([stack, stack]), "TZYX"), (np.stack([stack, stack]), "CZYX")]
    return [
        {"a.ome.tif": _tiff(place, data, ome=True, metadata={"axes": axes, **sizes}, compression=packed)}
        for data, axes in made
        for packed in (None, "zlib")
    ]


def _colour(grey: np.ndarray) -> np.ndarray:
    small = np.minimum(grey // 8, 255).astype(np.uint8)
    return np.stack([small, 255 - small, small // 2], axis=-1)


def _palette(labels: np.ndarray) -> bytes:
    import io

    from PIL import Image

    picture = Image.fromarray(labels.astype(np.uint8), "P")
    picture.putpalette([n % 256 for n in range(768)])
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def _npy(labels: np.ndarray) -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, labels)
    return file.getvalue()


def _folder(path: Path) -> Files:
    files = {part.relative_to(path).as_posix(): part.read_bytes() for part in path.rglob("*") if part.is_file()}
    shutil.rmtree(path)
    return files


def _zarrs(place: Path, stack: np.ndarray, grey: np.ndarray) -> list[Files]:
    import zarr

    found = []
    for version, form in (("0.4", 2), ("0.5", 3)):
        group = zarr.open_group(place / "a.zarr", mode="w", zarr_format=form)
        array = group.create_array("0", shape=stack.shape, dtype=stack.dtype, chunks=(1, 24, 32))
        array[:] = stack
        axes = [{"name": "z", "type": "space"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
        steps = [{"type": "scale", "scale": [1, 0.5, 0.5]}]
        told = {"multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}]}
        group.attrs.update(told if version == "0.4" else {"ome": {"version": version, **told}})
        found.append(_folder(place / "a.zarr"))
    zarr.save_array(str(place / "a.zarr"), grey)
    return [*found, _folder(place / "a.zarr")]


def _models(place: Path) -> list[Files]:
    from napari_unet.models.architecture import UNetConfig
    from napari_unet.models.model import Model
    from napari_unet.models.model_file import save_model
    from napari_unet.models.record import ModelRecord
    from napari_unet.models.unet import UNet

    architecture = UNetConfig(depth=1, base_channels=2)
    record = ModelRecord(name="Small", architecture=architecture, diameter=14, diameter_range=(7, 28))
    saved = save_model(Model(UNet(architecture).eval(), record), place / "a.safetensors")
    assert saved.path is not None
    return [{"a.safetensors": saved.path.read_bytes()}]


def _projects(place: Path, labels: np.ndarray) -> list[Files]:
    from napari_unet.project.opening import create_project
    from napari_unet.project.project import LABELS, PREDICTION, REVIEWED
    from napari_unet.project.references import ImageReference

    project = create_project(place / "a.unetproj")
    number = project.add_image(ImageReference("cells", "YX", labels.shape, {"Y": 0.5, "X": 0.5}))
    for role, array in ((LABELS, labels.astype(np.int32)), (PREDICTION, labels.astype(np.int32))):
        project.set_array(number, role, array)
    project.set_array(number, REVIEWED, (labels > 0).astype(np.uint8))
    project.close()
    return [{"a.unetproj": (place / "a.unetproj").read_bytes()}]


# -- spoiling ----------------------------------------------------------------------------------------------------------


def spoil(files: Files, others: list[Files], chance: random.Random) -> Files:
    """`files` with one to four faults in one of them; now and then one of a folder's is gone."""
    spoiled = dict(files)
    name = chance.choice(sorted(files))
    if len(files) > 1 and chance.random() < 0.05:
        del spoiled[name]
        return spoiled
    data = bytearray(spoiled[name])
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(_ways(data))(data, chance)
    if chance.random() < 0.1:
        data = _splice(data, bytearray(chance.choice(list(chance.choice(others).values()))), chance)
    if data[:4] == b"\x89PNG" and chance.random() < 0.7:
        data = _right_sums(data)
    spoiled[name] = bytes(data)
    return spoiled


def _right_sums(data: bytearray) -> bytearray:
    """A PNG with the check sums that its chunks should have, so that what was spoiled in them is looked at."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return data


Way = Callable[[bytearray, random.Random], bytearray]


def _ways(data: bytearray) -> list[Way]:
    ways: list[Way] = [_flip, _flip, _number, _cut, _repeat]
    if data[:2] in (b"II", b"MM"):
        ways += [_tag] * 4
    if b"<" in data[:4000] or b"{" in data[:4000]:
        ways += [_word] * 4
    return ways


def _flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)
    return data


def _place(data: bytearray, chance: random.Random) -> int:
    """Any byte; as often one of the first 500, where headers are."""
    return chance.randrange(min(len(data), 500) if chance.random() < 0.5 else len(data))


def _number(data: bytearray, chance: random.Random) -> bytearray:
    """An integer of 1 to 8 bytes that programs trip over."""
    form = chance.choice(("<B", "<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    if len(data) > size:
        at = min(_place(data, chance), len(data) - size)
        data[at : at + size] = struct.pack(form, chance.choice(_NUMBERS) % 256**size)
    return data


def _cut(data: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.7 else data[:at] + data[at + chance.randrange(1, 200) :]


def _repeat(data: bytearray, chance: random.Random) -> bytearray:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[max(0, at - chance.randrange(1, 200)) :]


def _splice(data: bytearray, other: bytearray, chance: random.Random) -> bytearray:
    at, there = chance.randrange(len(data) + 1), chance.randrange(len(other) + 1)
    return data[:at] + other[there : there + chance.randrange(1, 2000)]


def _tag(data: bytearray, chance: random.Random) -> bytearray:
    """Another kind, type, count or value for one tag of one directory of a TIFF file."""
    order = "<" if data[:2] == b"II" else ">"
    entries = _entries(data, order)
    if not entries:
        return _flip(data, chance)
    at = chance.choice(entries)
    part = chance.choice(("HHII", "value", "value", "count", "type", "kind"))
    if part == "kind":
        data[at : at + 2] = struct.pack(order + "H", chance.choice((256, 257, 258, 259, 262, 273, 277, 279, 330)))
    elif part == "type":
        data[at + 2 : at + 4] = struct.pack(order + "H", chance.choice([*_TYPE_SIZES, 0, 99]))
    elif part == "count":
        data[at + 4 : at + 8] = struct.pack(order + "I", chance.choice(_NUMBERS))
    else:
        data[at + 8 : at + 12] = struct.pack(order + "I", chance.choice((*_NUMBERS, chance.randrange(len(data)))))
    return data


def _entries(data: bytearray, order: str) -> list[int]:
    """Where the entries of all directories lie (classic TIFF)."""
    found, seen = [], set()
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        while at and at not in seen and len(found) < 500:
            seen.add(at)
            (count,) = struct.unpack_from(order + "H", data, at)
            found += [at + 2 + 12 * number for number in range(count) if at + 14 + 12 * number <= len(data)]
            (at,) = struct.unpack_from(order + "I", data, at + 2 + 12 * count)
    except struct.error:
        pass
    return found


def _word(data: bytearray, chance: random.Random) -> bytearray:
    """Another number, name or value in the text (XML or JSON) at the start of a file."""
    text = bytes(data[:6000])
    words = [match.span() for match in re.finditer(rb"[A-Za-z]{3,}|-?\d+\.?\d*|\"[^\"]{1,40}\"|\[[^\[\]]*\]", text)]
    if not words:
        return _flip(data, chance)
    first, last = chance.choice(words)
    if chance.random() < 0.2:
        other = chance.choice(words)
        new = text[slice(*other)]
    else:
        new = chance.choice(_WORDS).encode()
    if chance.random() < 0.5:  # of the same length, so that what comes after stays at its place
        new = new[: last - first].ljust(last - first)
    return data[:first] + new + data[last:]
