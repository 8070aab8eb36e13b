"""Which of several magnifications tells the size of objects; of a model that was taught, beside what it was taught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_unet.models.record import resampling_factor
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation.sizes.viewer import Appearance, Viewer

_SMALLEST, _SMALLER, _BETWEEN, _LARGE, _LARGER = 0.12, 0.35, 0.6, 1.6, 2.5
# Read off the validation images at a third, once and four times their size: at the right size conviction is 0.55 to
# 0.8, at the wrong one mostly below 0.5; what looks smaller than this at the wrong size is too small, not too large.
_CONVINCED = 0.6
_DOUBTFUL = 0.5  # below this, what seems small may be specks in something large
NOTHING = 0.15
"""Conviction: less than in any image with objects, at some magnification; noise is far below."""
_SMALL_OBJECT = 16.0
_LARGE_OBJECT = 26.0
# Cells in phase contrast of 64 px convince at 0.6 alone, and seem to be 45 px at their own size, being found in parts.
_AGREE = 0.47  # of the logarithm: sizes that two magnifications found are the same within that
_MORE_FOR_SURE = 1.5  # power of a conviction where several are added up: two that are sure outweigh three that guess
_RATHER_LARGE = 0.67  # of the largest size that a model knows: what looks like that may be a part of something larger
# Read off training images of large nuclei at four times their size, whose grain looks like small ones, and embryos.

_SAME_SIZE = 0.35  # of the logarithm: what is found within that of what was taught is of the size that was taught
_SPREADS = 2.0  # or within so many standard deviations between the images that were taught
_MUCH_MORE = 1.5  # times as convincing has another size to be
_SEEN = 0.3  # conviction, where at the size that was taught there is nothing
# Read off the training images that three children were not taught, at 0.6, 1 and 1.7 times their size.
_ONE_IMAGE = 0.3  # standard deviation of the logarithm of the size, as far as one taught image can tell
_FOUND_WRONG = 0.08  # and of what a model finds whose score is 1
_USUAL_SCORE = 0.5


def best_look(viewer: Viewer, inverted: bool) -> Appearance:
    """The most convincing of the magnifications worth trying; if none convinces, one of those that agree most.

    A glow around many small objects is one large object at the smallest magnification alone, however convincing;
    the small ones are found at several.
    """
    found = [viewer.look(1.0, inverted)]
    if found[0].conviction < _CONVINCED:
        found += [viewer.look(factor, inverted) for factor in _other_factors(found[0])]
    best = max(found, key=lambda one: one.conviction)
    large = len(found) > 1 and _seems_large(viewer, found[1])
    if best.conviction >= _CONVINCED and not (large and best is found[-1]):  # grain of something large, perhaps
        return best
    if large:
        found.append(viewer.look(_SMALLEST, inverted))
        best = max(found, key=lambda one: one.conviction)
    if found[0].conviction < _DOUBTFUL:
        found.append(viewer.look(_LARGE, inverted))
    agreed = _agreed(found)
    return best if best in agreed else max(agreed, key=lambda one: one.conviction)


def _seems_large(viewer: Viewer, shrunk: Appearance) -> bool:
    """Whether what is found in the shrunk image is so large there that it may be a part of something larger."""
    return shrunk.diameter * _SMALLER > _RATHER_LARGE * viewer.record.diameter_range[1]


def best_as_taught(viewer: Viewer, sizes: TaughtSizes, inverted: bool) -> Appearance:
    """What is found at the size that was taught, unless another convinces, and far more."""
    record = viewer.record
    factor = resampling_factor(record, sizes.median)
    found = viewer.look(factor, inverted)
    tolerance = max(_SAME_SIZE, _SPREADS * sizes.spread)
    if found.conviction < _CONVINCED:
        others = [viewer.look(factor * other, inverted) for other in (_SMALLER, _LARGER)]
        best = max(others, key=lambda one: one.conviction)
        enough = _SEEN if found.conviction < NOTHING else _CONVINCED
        needed = max(enough, _MUCH_MORE * found.conviction)
        if best.conviction >= needed and apart(best.diameter, sizes.median) > tolerance:
            return replace(best, unusual=True)
    if found.conviction < NOTHING:
        return replace(found, diameter=sizes.median)
    diameter = weigh_sizes(sizes, found.diameter, record.scores.get("ap50", _USUAL_SCORE))
    return replace(found, diameter=diameter, unusual=apart(diameter, sizes.median) > 2 * tolerance)


def weigh_sizes(sizes: TaughtSizes, found: float, score: float) -> float:
    """The likeliest object diameter, in pixels, between those taught and the one `found` by a model.

    The mean of their logarithms, each weighted by how little it may be wrong (as of two normal distributions): the
    taught sizes differ between images, of which few were seen, and more of one that turns out far from them; what is
    found is as sure as the model is good, by its `score` (AP@0.5) on objects held out.
    """
    taught = max(np.hypot(sizes.spread, _ONE_IMAGE / np.sqrt(sizes.n_images)), apart(found, sizes.median) / 2)
    looked = _FOUND_WRONG / max(score, 0.05)
    share = taught**2 / (taught**2 + looked**2)
    return float(sizes.median * (found / sizes.median) ** share)


def apart(one: float, other: float) -> float:
    """How far two sizes are from one another, as the logarithm of their ratio."""
    return abs(float(np.log(one / other)))


def _agreed(looks: list[Appearance]) -> list[Appearance]:
    """Those `looks` that found one size and, together, convince most."""
    same = [[one for one in looks if apart(one.diameter, look.diameter) < _AGREE] for look in looks]
    return max(same, key=lambda group: sum(one.conviction**_MORE_FOR_SURE for one in group))


def _other_factors(first: Appearance) -> tuple[float, ...]:
    """Which magnifications to try where the image's own did not convince: smaller where objects seem large."""
    if first.conviction < _DOUBTFUL:
        return (_SMALLER, _BETWEEN, _LARGER) if first.diameter > _LARGE_OBJECT else (_SMALLER, _LARGER)
    return (_LARGER,) if first.diameter < _SMALL_OBJECT else (_SMALLER,)
