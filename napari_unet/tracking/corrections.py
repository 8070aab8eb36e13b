"""What a person mends about tracks: connect, cut, mark a division, swap. Each says how to take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_unet.errors import UserError, require
from napari_unet.labels.types import Ints
from napari_unet.tracking.tracks import Tracks


@dataclass(frozen=True, eq=False)
class TrackChange:
    """One correction: which objects go from one track to another, and whose mother changes.

    `objects` (n, 2) are frames and labels, `before` and `after` (n,) their tracks; `parents` has (mother before, mother
    after) of each daughter concerned, None for no mother.
    """

    title: str
    objects: Ints
    before: Ints
    after: Ints
    parents: Mapping[int, tuple[int | None, int | None]]

    @property
    def inverse(self) -> TrackChange:
        """What takes this back."""
        turned = {child: (after, before) for child, (before, after) in self.parents.items()}
        return TrackChange(self.title, self.objects, self.after, self.before, turned)


def apply_change(tracks: Tracks, change: TrackChange) -> Tracks:
    """`tracks` with `change` done. Raises `ValueError` if they are not those that it was made for."""
    at = {pair: row for row, pair in enumerate(zip(tracks.frame.tolist(), tracks.label.tolist(), strict=True))}
    rows = np.array([at.get((int(frame), int(label)), -1) for frame, label in change.objects], np.int64)
    parents = dict(tracks.parents)
    if (rows < 0).any() or not np.array_equal(tracks.track[rows], change.before):
        raise ValueError(f"these are not the tracks that {change.title!r} was made for")
    for child, (before, after) in change.parents.items():
        if parents.pop(child, None) != before:
            raise ValueError(f"these are not the tracks that {change.title!r} was made for")
        if after is not None:
            parents[child] = after
    track = tracks.track.copy()
    track[rows] = change.after
    return Tracks(track, tracks.frame, tracks.label, parents)


def connect_tracks(tracks: Tracks, earlier: int, later: int) -> TrackChange:
    """Track `later` is what becomes of `earlier`: one track from now on, under the id of `earlier`."""
    first, second = _span(tracks, earlier), _span(tracks, later)
    require(earlier != later, f"Track {earlier} cannot be connected with itself: choose two.")
    require(
        first[1] < second[0],
        f"Track {earlier} is still there in frame {second[0]}, where track {later} begins: cut it before that frame.",
    )
    born = [child for child in tracks.daughters_of(earlier) if child != later]
    require(
        not born, f"Track {earlier} ends in a division, into {_named(born)}: cut the false daughter in her first frame."
    )
    track = np.where(tracks.track == later, earlier, tracks.track)
    parents = {child: earlier if mother == later else mother for child, mother in tracks.parents.items()}
    parents.pop(later, None)
    return _change(tracks, track, parents, f"connect {earlier} and {later}")


def cut_track(tracks: Tracks, track: int, frame: int) -> TrackChange:
    """From `frame` on, what was `track` is another track, with a new id; at its birth it is cut from its mother."""
    first, last = _span(tracks, track)
    if frame == first and track in tracks.parents:
        others = {child: mother for child, mother in tracks.parents.items() if child != track}
        return _change(tracks, tracks.track, others, f"{track} is no daughter of {tracks.parents[track]}")
    require(first < frame <= last, f"Track {track} goes from frame {first} to {last}: cut it after its first frame.")
    numbers, parents = _cut(tracks, track, frame)
    return _change(tracks, numbers, parents, f"cut {track} at frame {frame}")


def mark_division(tracks: Tracks, mother: int, daughter: int) -> TrackChange:
    """`daughter` was born of `mother`, who ends there: if she goes on, the rest of her is the other daughter."""
    first, last = _span(tracks, mother)
    birth = _span(tracks, daughter)[0]
    require(mother != daughter, f"Track {mother} cannot be its own mother: choose two.")
    require(first < birth, f"Track {mother} begins in frame {first}, not before {daughter}, which begins in {birth}.")
    if last < birth:
        track, parents = tracks.track, dict(tracks.parents)
    else:
        track, parents = _cut(tracks, mother, birth)
        other = int(track.max())
        parents[other] = mother
    parents[daughter] = mother
    return _change(tracks, track, parents, f"{daughter} is a daughter of {mother}")


def swap(tracks: Tracks, one: int, other: int, frame: int) -> TrackChange:
    """From `frame` on, the two tracks change places: objects and daughters of the one become those of the other."""
    spans = {track: _span(tracks, track) for track in (one, other)}
    require(one != other, f"Track {one} cannot be swapped with itself: choose two.")
    for track, (first, last) in spans.items():
        require(first < frame <= last, f"Track {track} goes from frame {first} to {last}: swap within both tracks.")
    change_place = {one: other, other: one}
    later = tracks.frame >= frame
    numbers = tracks.track.copy()
    for old, new in change_place.items():
        numbers[(tracks.track == old) & later] = new
    parents = {child: change_place.get(mother, mother) for child, mother in tracks.parents.items()}
    return _change(tracks, numbers, parents, f"swap {one} and {other} from frame {frame} on")


def _cut(tracks: Tracks, track: int, frame: int) -> tuple[Ints, dict[int, int]]:
    """Numbers of tracks and mothers, with the rest of `track` from `frame` on under the next free id."""
    new = int(tracks.track.max()) + 1
    numbers = np.where((tracks.track == track) & (tracks.frame >= frame), new, tracks.track)
    return numbers, {child: new if mother == track else mother for child, mother in tracks.parents.items()}


def _change(tracks: Tracks, track: Ints, parents: dict[int, int], title: str) -> TrackChange:
    """The difference between `tracks` and the new numbers and mothers; refuses what cannot be."""
    rows = np.flatnonzero(track != tracks.track)
    touched = [child for child in {*parents, *tracks.parents} if parents.get(child) != tracks.parents.get(child)]
    change = TrackChange(
        title,
        np.stack([tracks.frame[rows], tracks.label[rows]], axis=1),
        tracks.track[rows],
        track[rows],
        {child: (tracks.parents.get(child), parents.get(child)) for child in sorted(touched)},
    )
    try:
        apply_change(tracks, change)
    except ValueError as error:
        raise UserError(f"This cannot be: {error}. Choose other tracks.") from error
    return change


def _span(tracks: Tracks, track: int) -> tuple[int, int]:
    rows = tracks.rows_of(track)
    require(rows.stop > rows.start, f"There is no track {track}: choose one that is there.")
    return int(tracks.frame[rows.start]), int(tracks.frame[rows.stop - 1])


def _named(tracks: list[int]) -> str:
    return " and ".join(str(track) for track in tracks)
