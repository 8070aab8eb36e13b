"""Fields, stacks and time-lapses of nuclei."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from microscope import Microscope, add_debris
from shapes import Array, Nucleus, draw, rotation


@dataclass(frozen=True)
class Sample:
    """An image with its labels; `pixel` in micrometers (and `interval` in seconds) along `axes` without C.

    `parents` of a time-lapse: the mother's id of each daughter.
    """

    image: npt.NDArray[np.uint16]
    labels: npt.NDArray[np.uint16]
    axes: str
    pixel: tuple[float, ...]
    interval: float | None = None
    channels: tuple[str, ...] = ()
    parents: dict[int, int] = field(default_factory=dict)


def _some_radii(rng: np.random.Generator, mean: Array) -> Array:
    size = rng.lognormal(0, 0.17)
    stretch = rng.uniform(1.0, 1.45)
    radii = mean * size
    radii[-1] *= np.sqrt(stretch)
    radii[-2] /= np.sqrt(stretch)
    return radii


def place_nuclei(
    rng: np.random.Generator, extent: Array, mean: Array, count: int, closest: float = 0.78, clumped: float = 0.65
) -> list[Nucleus]:
    """Up to `count` nuclei in `extent` (micrometers), many beside another one.

    `closest` is the least distance of two centres, relative to the sum of their radii.
    """
    nuclei: list[Nucleus] = []
    for _ in range(count * 40):
        if len(nuclei) == count:
            break
        radii = _some_radii(rng, mean)
        if nuclei and rng.random() < clumped:
            mate = nuclei[rng.integers(len(nuclei))]
            step = rng.normal(size=len(extent))
            step /= np.linalg.norm(step / (mate.radii + radii))
            centre = mate.centre + step * rng.uniform(0.8, 1.15)
        else:
            centre = rng.uniform(0, 1, len(extent)) * extent
        margin = 0.3 * mean
        if np.any(centre < -margin) or np.any(centre > extent + margin):
            continue
        if any(np.linalg.norm((centre - n.centre) / (n.radii + radii)) < closest for n in nuclei):
            continue
        nuclei.append(_nucleus(rng, centre, radii))
    return nuclei


def _nucleus(rng: np.random.Generator, centre: Array, radii: Array) -> Nucleus:
    condensed = rng.random() < 0.05
    brightness = rng.lognormal(-0.1, 0.38) * (1.9 if condensed else 1)
    if condensed:
        radii = radii * 0.62
    seed = np.random.default_rng(rng.integers(2**63))
    rough = float(rng.uniform(0.03, 0.11))
    return Nucleus(centre, radii, rotation(rng, len(radii)), float(brightness), seed, rough, bool(condensed))


def relabel(labels: npt.NDArray[np.uint16], smallest: int = 12) -> npt.NDArray[np.uint16]:
    """Ids 1, 2, ... without gaps; slivers of fewer than `smallest` pixels go."""
    ids, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    kept = (ids > 0) & (counts >= smallest)
    new = np.where(kept, np.cumsum(kept), 0)
    return np.asarray(new[inverse].reshape(labels.shape), np.uint16)


def nuclei_2d(rng: np.random.Generator) -> Sample:
    """Widefield image of a monolayer, stained for DNA (YX)."""
    pixel, shape = (0.325, 0.325), (512, 512)
    extent = np.array(shape) * pixel
    nuclei = place_nuclei(rng, extent, np.array([5.3, 5.3]), 135)
    density, labels = draw(nuclei, list(range(1, len(nuclei) + 1)), shape, pixel)
    density = add_debris(density, pixel, rng, 26)
    image = Microscope(sigma_xy=0.36, haze=0.22, photons=210).expose(density, pixel, rng)
    return Sample(image, relabel(labels), "YX", pixel)


def nuclei_3d(rng: np.random.Generator) -> Sample:
    """Spinning-disk stack of a piece of tissue with voxels four times taller than wide (ZYX)."""
    pixel, shape = (1.2, 0.3, 0.3), (16, 256, 256)
    extent = np.array(shape) * pixel
    nuclei = place_nuclei(rng, extent, np.array([3.6, 4.4, 4.4]), 95, closest=0.84, clumped=0.7)
    density, labels = draw(nuclei, list(range(1, len(nuclei) + 1)), shape, pixel)
    density = add_debris(density, pixel, rng, 8)
    density *= np.exp(-np.arange(shape[0]) * 0.05)[:, None, None]  # scattering dims what lies deeper
    image = Microscope(sigma_xy=0.24, sigma_z=0.85, haze=0.18, photons=170).expose(density, pixel, rng)
    return Sample(image, relabel(labels), "ZYX", pixel)


def nuclei_timelapse(rng: np.random.Generator) -> Sample:
    """Six frames, five minutes apart, of nuclei that move and divide; an id stays with its nucleus (TYX)."""
    return simulate_timelapse(rng, (256, 256), frames=6, count=52)


def simulate_timelapse(
    rng: np.random.Generator, shape: tuple[int, int], frames: int, count: int, dividing: int = 2
) -> Sample:
    """`frames` of `count` nuclei in `shape` (Y, X) pixels, of which `dividing` begin to divide in each frame."""
    pixel = (0.45, 0.45)
    extent = np.array(shape) * pixel
    nuclei = dict(enumerate(place_nuclei(rng, extent, np.array([5.0, 5.0]), count, closest=0.9), start=1))
    drift = {number: rng.normal(0, 0.7, 2) for number in nuclei}
    microscope = Microscope(sigma_xy=0.4, haze=0.2, photons=150)
    images, labels = [], []
    parents: dict[int, int] = {}
    for frame in range(frames):
        density, ids = draw(list(nuclei.values()), list(nuclei), shape, pixel)
        images.append(microscope.expose(add_debris(density, pixel, np.random.default_rng(5), 7), pixel, rng))
        labels.append(ids)
        _move(rng, nuclei, drift)
        if frame < frames - 1:
            parents |= _divide(rng, nuclei, drift, frame, dividing)
    stack = np.stack(labels)
    tidy = relabel(stack)
    new = dict(zip(stack[tidy > 0].tolist(), tidy[tidy > 0].tolist(), strict=True))
    known = {new[child]: new[mother] for child, mother in parents.items() if child in new and mother in new}
    return Sample(np.stack(images), tidy, "TYX", pixel, interval=300.0, parents=known)


def _move(rng: np.random.Generator, nuclei: dict[int, Nucleus], drift: dict[int, Array]) -> None:
    """Persistent random walk; neighbours that come too close push each other away."""
    for number, nucleus in nuclei.items():
        drift[number] = 0.7 * drift[number] + rng.normal(0, 0.55, 2)
        turned = nucleus.rotation @ rotation(rng, 2, float(rng.normal(0, 0.12)))
        nuclei[number] = replace_nucleus(nucleus, centre=nucleus.centre + drift[number], rotation=turned)
    for nucleus in nuclei.values():
        for other in nuclei.values():
            gap = nucleus.centre - other.centre
            reach = 0.85 * float(np.mean(nucleus.radii) + np.mean(other.radii))
            distance = float(np.linalg.norm(gap))
            if 0 < distance < reach:
                nucleus.centre = nucleus.centre + gap / distance * (reach - distance) / 2


def _divide(
    rng: np.random.Generator, nuclei: dict[int, Nucleus], drift: dict[int, Array], frame: int, dividing: int
) -> dict[int, int]:
    """Condensed nuclei of the last frame part into daughters with new ids, `dividing` others condense.

    Returns the mother of each daughter.
    """
    parents = {}
    for number in [n for n, nucleus in nuclei.items() if nucleus.parts.get("condensed_at") == frame - 1]:
        mother = nuclei.pop(number)
        way = mother.rotation[:, 0]
        for side in (-1, 1):
            new = max([*nuclei, number, 1000]) + 1
            parents[new] = number
            seed = np.random.default_rng(rng.integers(2**63))
            radii = np.array([2.0, 3.6])
            centre = mother.centre + side * way * 3.2
            nuclei[new] = Nucleus(centre, radii, mother.rotation, mother.brightness, seed, 0.05, True)
            drift[new] = side * way * 1.1
    for number, nucleus in nuclei.items():  # daughters swell and dim until they look like the rest
        if number > 1000:
            nucleus.radii = np.minimum(nucleus.radii * [1.18, 1.06], 4.6)
            nucleus.brightness = max(1.0, nucleus.brightness * 0.88)
    ready = [n for n, nucleus in nuclei.items() if not nucleus.condensed and np.min(nucleus.centre) > 12]
    for number in rng.choice(ready, size=min(dividing, len(ready)), replace=False):
        old = nuclei[int(number)]
        plate = Nucleus(old.centre, np.array([2.3, 4.6]), old.rotation, 2.1, old.rng, 0.06, True)
        plate.parts["condensed_at"] = frame
        nuclei[int(number)] = plate
    return parents


def replace_nucleus(nucleus: Nucleus, **changes: object) -> Nucleus:
    """`nucleus` elsewhere, with the chromatin it had."""
    parts = nucleus.parts
    moved = replace(nucleus, parts={}, **changes)  # type: ignore[arg-type]
    moved.parts = parts
    return moved
