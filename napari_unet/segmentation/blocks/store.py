"""Where blocks are kept while an image is segmented, and the OME-Zarr labels that become of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from napari_unet.errors import UserError, require
from napari_unet.images.files.ome_labels import count_levels, describe_labels
from napari_unet.images.image import Image
from napari_unet.labels.types import PlaneIndex
from napari_unet.segmentation.blocks.block import Band, BlockLabels
from napari_unet.segmentation.blocks.grid import BlockGrid

_CHUNK, _LEAST_CHUNK = 512, 64
_MOST_FILES = 50_000  # chunks of their own; of more, those of a block share one file
_MOST_LEVELS = 16


class BlockStore:
    """A folder beside the result, `.NAME.partial`, that becomes the result when all is done.

    Blocks are written as they come, each complete or not at all, so that a run that was killed goes on where it was.
    """

    def __init__(self, target: Path, grid: BlockGrid, units: tuple[PlaneIndex, ...]) -> None:
        self.target, self.grid, self.units = target, grid, units
        self.partial = _partial_of(target)
        self._blocks = self.partial / "blocks"
        self._pieces: Any = None
        self._levels: list[Any] = []

    # -- while blocks come -----------------------------------------------------------------------------------------

    def begin(self, shape: tuple[int, ...], fingerprint: str) -> list[int]:
        """Make the folder, or go on with it if it was begun with the same `fingerprint`; the blocks that are there."""
        require(not self.target.exists(), f"{self.target} exists already: give the labels another name.")
        note = self.partial / "run.json"
        if not note.exists() or json.loads(note.read_text(encoding="utf-8")) != fingerprint:
            try:
                shutil.rmtree(self.partial, ignore_errors=True)
                self._blocks.mkdir(parents=True)
                self._create_pieces(shape)
                note.write_text(json.dumps(fingerprint), encoding="utf-8")
            except OSError as error:
                reason = error.strerror or error
                raise UserError(f"{self.target} cannot be written: {reason}. Choose another folder.") from error
        return [number for number in range(len(self.grid)) if self.has(number)]

    def _create_pieces(self, shape: tuple[int, ...]) -> None:
        chunks = (*(1,) * (len(shape) - len(self.grid.sides)), *_fitting(self.grid.sides, shape))
        zarr.create_array(str(self.partial / "pieces"), shape=shape, chunks=chunks, dtype=np.int32, fill_value=0)

    @property
    def pieces(self) -> Any:
        """Labels with the ids of blocks."""
        if self._pieces is None:
            self._pieces = zarr.open_array(str(self.partial / "pieces"), mode="r+")
        return self._pieces

    def has(self, number: int) -> bool:
        return self._file(number).exists()

    def keep(self, number: int, found: BlockLabels) -> None:
        """Keep a block; it counts as done when this has come to its end."""
        self.pieces[self._place(number)] = found.core
        self._note(number, found.count, found.cut, {_name(band): labels for band, labels in found.bands.items()})

    def keep_empty(self, number: int) -> None:
        """Keep a block in which nothing is; its bands need not be asked for then."""
        self._note(number, 0, np.zeros(0, np.int32), {})

    def _note(self, number: int, count: int, cut: npt.NDArray[np.int32], bands: dict[str, Any]) -> None:
        partial = self._blocks / f".{number}.{os.getpid()}.npz"
        np.savez_compressed(partial, count=np.int64(count), cut=cut, **bands)
        os.replace(partial, self._file(number))

    def core(self, number: int) -> npt.NDArray[np.int32]:
        return np.asarray(self.pieces[self._place(number)])

    def count(self, number: int) -> int:
        with np.load(self._file(number)) as kept:
            return int(kept["count"])

    def cut(self, number: int) -> npt.NDArray[np.int32]:
        with np.load(self._file(number)) as kept:
            return np.asarray(kept["cut"])

    def band(self, number: int, band: Band) -> npt.NDArray[np.int32]:
        with np.load(self._file(number)) as kept:
            return np.asarray(kept[_name(band)])

    def _file(self, number: int) -> Path:
        return self._blocks / f"{number}.npz"

    def _place(self, number: int) -> tuple[Any, ...]:
        block = self.grid.block(number)
        return (*self.units[block.unit], *block.core)

    # -- the labels that become of them ----------------------------------------------------------------------------

    def create_labels(self, like: Image, dtype: np.dtype[Any]) -> None:
        """Begin the labels, of the shape and pixel size of `like`, with all their resolution levels."""
        shape, n_outer = like.shape, like.ndim - 2
        folder = self.partial / "labels"
        shutil.rmtree(folder, ignore_errors=True)
        group = zarr.open_group(str(folder), mode="w", zarr_format=3)
        n_levels = count_levels(shape, _MOST_LEVELS)
        side = self.grid.sides[-1]
        many = -(-shape[-2] // _CHUNK) * -(-shape[-1] // _CHUNK) * int(np.prod(shape[:-2])) > _MOST_FILES
        for level in range(n_levels):
            size = (*shape[:-2], *(-(-length // 2**level) for length in shape[-2:]))
            step = min(_CHUNK, side >> level) if side >> level >= _LEAST_CHUNK else _CHUNK  # blocks share no chunk
            chunks = (*(1,) * n_outer, step, step)
            shard = (*(1,) * n_outer, side >> level, side >> level)
            shards = shard if many and (side >> level) % step == 0 and side >> level > step else None
            group.create_array(str(level), shape=size, chunks=chunks, shards=shards, dtype=dtype, fill_value=0)
        describe_labels(group, like, "0.5", levels=n_levels)

    def write_labels(
        self, number: int, ids: npt.NDArray[Any] | None, parted: dict[str, npt.NDArray[np.int64]] | None = None
    ) -> None:
        """Write a block with its final `ids` (None: as they are), to all levels of which it alone has chunks.

        `parted` are pixels (flat) that have other ids since their object was parted.
        """
        found = self.core(number)
        labels = found if ids is None else ids[found]
        if parted:
            labels.ravel()[parted["pixels"]] = parted["ids"]
        block = self.grid.block(number)
        for level, array in enumerate(self._label_levels()[: self._own_levels()]):
            step = 2**level
            yx = [slice(-(-one.start // step), -(-one.stop // step)) for one in block.core[-2:]]
            place = (*self.units[block.unit], *block.core[:-2], *yx)
            array[place] = labels[..., ::step, ::step].astype(array.dtype)

    def write_coarse(self) -> Iterator[None]:
        """Write the levels whose chunks are of several blocks, each from the one before."""
        levels = self._label_levels()
        for fine, coarse in zip(levels[self._own_levels() - 1 :], levels[self._own_levels() :], strict=False):
            for index in np.ndindex(*coarse.shape[:-2]):
                for y in range(0, coarse.shape[-2], _CHUNK):
                    for x in range(0, coarse.shape[-1], _CHUNK):
                        part = fine[(*index, slice(2 * y, 2 * (y + _CHUNK)), slice(2 * x, 2 * (x + _CHUNK)))]
                        place = (*index, slice(y, y + _CHUNK), slice(x, x + _CHUNK))
                        coarse[place] = np.asarray(part)[::2, ::2]
            yield None

    def finish(self) -> Path:
        """The labels get their name, and all else goes."""
        (self.partial / "labels").rename(self.target)
        shutil.rmtree(self.partial, ignore_errors=True)
        return self.target

    def _label_levels(self) -> list[Any]:
        if not self._levels:
            group: Any = zarr.open_group(str(self.partial / "labels"), mode="r+")
            self._levels = [group[name] for name in sorted(group.array_keys(), key=int)]
        return self._levels

    def _own_levels(self) -> int:
        levels = 1
        while levels < len(self._label_levels()) and self.grid.sides[-1] >> levels >= _LEAST_CHUNK:
            levels += 1
        return levels


def pieces_of(target: Path, place: tuple[Any, ...]) -> npt.NDArray[np.int32]:
    """What a run that goes to `target` has at a place by now, with ids that each block counts anew."""
    array: Any = zarr.open_array(str(_partial_of(target) / "pieces"), mode="r")
    return np.asarray(array[place])


def count_kept(target: Path) -> int:
    """How many blocks are there of a run that went to `target` and was cut short."""
    return sum(1 for _ in (_partial_of(target) / "blocks").glob("[0-9]*.npz"))


def _partial_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _fitting(sides: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(min(side, size) for side, size in zip(sides, shape[-len(sides) :], strict=True))


def _name(band: Band) -> str:
    return f"band-{band[0]}-{'after' if band[1] else 'before'}"
