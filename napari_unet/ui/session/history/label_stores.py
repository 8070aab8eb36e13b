"""Where arrays of labels lie: in memory, or, where an image is large, in OME-Zarr stores that are painted into."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.channels import grey_input
from napari_unet.images.files.mapped_labels import check_room, create_mapped_labels
from napari_unet.project.storage.lock import ProjectLock
from napari_unet.ui.session.planes.largeness import has_many_pixels

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_PREFIX = "napari-unet-labels-"
_FIRST_ARRAYS, _MORE_ARRAYS, _CORRECTED_ARRAYS = 4, 2, 6
"""Labels, prediction, what is recorded of them, and what comes of blocks; segmented again, the last two are new.

What was corrected is compared with that: a preview, what came into it, labels and marks as they were, a prediction."""
_log = logging.getLogger(__name__)


def lies_on_disk(work: ImageWork) -> bool:
    """Whether labels of this image are too large to be held in memory."""
    return has_many_pixels(work.shape)


class LabelStores:
    """The stores of a session, in a temporary folder that goes with it: what is painted is kept by the project."""

    def __init__(self, session: Session) -> None:
        self.folder: Path | None = None
        self._lock: ProjectLock | None = None
        self._count = 0
        self._closed = False
        self._placing = threading.Lock()  # errands make copies beside the window

    def empty(self, work: ImageWork, name: str, dtype: npt.DTypeLike = np.int32) -> npt.NDArray[Any]:
        """An array of 0 with the axes of `work`, in memory if it is small, else in a store that is called `name`.

        Where there is no room for the store it is in memory, too: what was painted is not lost for that.
        """
        if not lies_on_disk(work):
            return np.zeros(work.shape, dtype)
        place = self.new_place(name)
        try:
            return create_mapped_labels(place, grey_input(work.grey), dtype)
        except UserError as error:
            _log.warning("Labels are held in memory: %s", error)
            return np.zeros(work.shape, dtype)

    def require_room(self, work: ImageWork, n_pixels: int, corrected: bool = False) -> None:
        """Raise `UserError` if labels of `n_pixels` of an image too large for memory have no room on the disk."""
        if lies_on_disk(work):
            again = _CORRECTED_ARRAYS if corrected else _MORE_ARRAYS
            n_arrays = _FIRST_ARRAYS if work.labels_layer is None else again
            check_room(self._own_folder(), n_arrays * n_pixels * np.dtype(np.int32).itemsize)

    def new_place(self, name: str) -> Path:
        """A path where nothing is yet."""
        folder = self._own_folder()
        with self._placing:
            self._count += 1
            return folder / f"{name}-{self._count}.ome.zarr"

    def _own_folder(self) -> Path:
        with self._placing:
            if self._closed:
                raise UserError("The window was closed meanwhile.")
            if self.folder is None:
                self.folder = self._make_folder()
            return self.folder

    def remove(self, array: npt.NDArray[Any]) -> None:
        """Nobody needs an array of `empty` any more; one in memory goes by itself."""
        if isinstance(array, np.memmap) and self.folder is not None:
            store = next((path for path in Path(str(array.filename)).parents if path.parent == self.folder), None)
            if store is not None:
                shutil.rmtree(store, ignore_errors=True)

    def _make_folder(self) -> Path:
        """A folder that is known to be ours for as long as we live; those of windows that were killed go."""
        for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if left.is_dir():
                remove_if_left(left)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with contextlib.suppress(OSError):
            self._lock = ProjectLock.take(folder)
        return folder

    def close(self) -> None:
        """The window closes: what layers still show stays readable where the system allows that, and goes with them."""
        with self._placing:
            self._closed = True
            folder, self.folder = self.folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def remove_if_left(folder: Path) -> None:
    """Remove a folder of labels unless its window is still there."""
    with contextlib.suppress(OSError):  # it may be somebody else's
        lock = ProjectLock.take(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def get_label_stores(session: Session) -> LabelStores:
    """The stores of `session`, made when first asked for."""
    return session.service(LabelStores)
