"""Which files a batch is about, where its labels go, and what decides them: the same for window and command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from napari_unet.errors import UserError, listed, require
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.tracking.config import TrackConfig
from napari_unet.workflows.pairing import leave_out_labels


def expand_inputs(inputs: Sequence[Path]) -> list[Path]:
    """The files in `inputs`; a folder stands for its images, without labels that were written there before."""
    # here and below, not at the top: what reads files takes longer to load than `--help` may take
    from napari_unet.images.files.reading import is_image_path, list_images

    paths: list[Path] = []
    for path in inputs:
        if path.is_dir() and not is_image_path(path):
            found = leave_out_labels(list_images(path))
            require(found, f"There are no images in {path}: {_advice(path)}.")
            paths += found
        elif not path.exists() and any(letter in path.name for letter in "*?["):  # a pattern that no shell expanded
            found = sorted(found for found in path.parent.glob(path.name) if not found.stem.endswith("_labels"))
            require(found, f"No file fits {path}: check the pattern.")
            paths += found
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


def _advice(folder: Path) -> str:
    """What to give in place of a folder without images."""
    from napari_unet.images.files.reading import list_images

    inner = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and list_images(path)]
    if inner:
        return f"give the folders in it that have some ({listed(inner)})"
    return "give a folder of TIFF, PNG, JPEG or OME-Zarr images"


def plan_outputs(paths: Sequence[Path], folder: Path | None) -> dict[Path, Path]:
    """Where the labels of each of `paths` go; raises `UserError` if two would go to the same file."""
    from napari_unet.images.files.reading import image_name

    if folder is not None and folder.suffix == ".zarr":
        require(len(paths) == 1, f"{folder} holds the labels of one image: give one, or a folder for those of several.")
        return {paths[0]: folder}
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder} cannot be used as output folder: {error.strerror}.") from error
    targets: dict[Path, Path] = {}
    for path in paths:
        target = (folder or path.parent) / f"{image_name(path)}_labels.tif"
        twin = next((p for p, t in targets.items() if t.resolve() == target.resolve()), None)
        require(
            twin is None,
            f"The labels of {twin} and {path} would both be {target}: rename one of the images, "
            "or segment one folder at a time.",
        )
        targets[path] = target
    return targets


def targets_of(paths: Iterator[Path], folder: Path | None) -> Iterator[tuple[Path, Path]]:
    """Each of `paths` with the file for its labels, as they come."""
    for path in paths:
        [(image, target)] = plan_outputs([path], folder).items()
        yield image, target


def batch_settings(
    config: SegmentConfig, axes: str | None = None, channel: int | None = None, tracking: TrackConfig | None = None
) -> dict[str, Any]:
    """What decides the labels, beside image and model, for a `BatchJournal`; `channel` counts from 1."""
    settings = config.model_dump(mode="json", exclude={"device"}) | {"axes": axes, "channel": channel}
    return settings | ({} if tracking is None else {"track": tracking.model_dump(mode="json")})
