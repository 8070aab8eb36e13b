"""How many links are right, how long it takes: python benchmarks/tracking.py [PART ...] [--scorer PYTHON] [--causes]

Parts: speed (100 frames of 200 discs), simulated (nuclei that divide, whose ids are known), sample (the time-lapse that
ships), phase (real cells whose ids another program gave: agreement with it is no truth). "By the model": segmented by
the model that ships, frames alone, or with what their neighbours in time say of objects that touch, and how long that
takes beside segmenting. `--causes` says what became of the objects whose links were lost (`tracking_causes`).
`--scorer` is a Python that has traccuracy, for TRA and DET of the Cell Tracking Challenge; `--laptrack` compares with
laptrack, if it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tifffile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "sample_data"))

from nuclei import nuclei_timelapse, simulate_timelapse  # noqa: E402
from tracking_causes import lost_links, show_causes  # noqa: E402

from napari_unet import segment, track  # noqa: E402
from napari_unet.labels.matching import match_objects, overlap_table  # noqa: E402
from napari_unet.labels.stacks.merged_frames import part_merged  # noqa: E402
from napari_unet.tracking.exchange.ctc import write_ctc  # noqa: E402
from napari_unet.tracking.tracks import Tracks, tracks_of_labels  # noqa: E402

DATA = Path(os.environ.get("NAPARI_UNET_DATA", ROOT.parent / "shared" / "data"))
SEED = 20261128


@dataclass(frozen=True)
class Row:
    """A line of the table: links of the truth, how many were found, how many of those found are none."""

    name: str
    links: int
    right: int
    wrong: int
    births: int
    births_right: int
    seconds: float
    scores: Mapping[str, float]


def compare(name: str, truth: np.ndarray, parents: Mapping[int, int], labels: np.ndarray, scorer: str | None) -> Row:
    """Track `labels` and compare with `truth` (T, Y, X): a link is right if both its ends are (IoU >= .5)."""
    start = time.perf_counter()
    movie = track(labels)
    seconds = time.perf_counter() - start
    known = tracks_of_labels(truth, parents)
    partner = partners(truth, movie.labels)
    found = {(a, partner.get((a, b)), c, partner.get((c, d))) for a, b, c, d in movie.tracks.links().tolist()}
    wanted = {tuple(link) for link in known.links().tolist()}
    births = {link for link in wanted if link[1] != link[3]}
    scores = ctc_scores(truth, known, movie.labels, movie.tracks, scorer) if scorer else {}
    return Row(name, len(wanted), len(wanted & found), len(found - wanted), len(births), len(births & found),
               seconds, scores)  # fmt: skip


def partners(truth: np.ndarray, labels: np.ndarray) -> dict[tuple[int, int], int]:
    """By frame and id in `labels`, the id in `truth` of the object that it is."""
    found = {}
    for t, (one, other) in enumerate(zip(truth, labels, strict=True)):
        found |= {(t, int(b)): int(a) for a, b in match_objects(overlap_table(one, other), 0.5)}
    return found


def ctc_scores(
    truth: np.ndarray, known: Tracks, labels: np.ndarray, tracks: Tracks, scorer: str
) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        write_ctc(Path(folder) / "truth", truth, known, truth=True)
        write_ctc(Path(folder) / "result", labels, tracks)
        command = [scorer, str(Path(__file__).with_name("tracking_scores.py")), f"{folder}/truth", f"{folder}/result"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"The scorer failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def shuffled(labels: np.ndarray) -> np.ndarray:
    """The same objects, numbered anew in each frame."""
    random = np.random.default_rng(0)
    found = np.zeros_like(labels)
    for t, frame in enumerate(labels):
        ids = np.unique(frame[frame > 0])
        table = np.zeros(int(labels.max()) + 1, labels.dtype)
        table[ids] = random.permutation(ids.size) + 1
        found[t] = table[frame]
    return found


def thinned(labels: np.ndarray, parents: Mapping[int, int], every: int) -> tuple[np.ndarray, dict[int, int]]:
    """Each `every`-th frame, and the nearest ancestor that is still seen of each daughter."""
    kept = labels[::every]
    spans = tracks_of_labels(kept).spans()
    found = {}
    for child in spans:
        mother = parents.get(child)
        while mother is not None and mother not in spans:
            mother = parents.get(mother)
        if mother is not None and spans[mother][1] < spans[child][0]:
            found[child] = mother
    return kept, found


def simulated(scorer: str | None, frames: int, size: int, seed: int, causes: bool) -> list[Row]:
    """Nuclei with known ids: their own outlines at three intervals, and those that the shipped model finds."""
    count = round(72 * (size / 384) ** 2)
    print(f"simulating {frames} frames of {count} nuclei ...", file=sys.stderr)
    made = simulate_timelapse(np.random.default_rng(seed), (size, size), frames, count, max(2, count // 25))
    labels = made.labels.astype(np.int32)
    rows = []
    for every in (1, 2, 4):
        kept, parents = thinned(labels, made.parents, every)
        name = "simulated, outlines given" + (f", every {every}. frame" if every > 1 else "")
        rows.append(compare(name, kept, parents, shuffled(kept), scorer))
    return [*rows, *by_model("simulated, by the model", made.image, labels, made.parents, scorer, causes)]


def by_model(
    name: str, pixels: np.ndarray, truth: np.ndarray, parents: Mapping[int, int], scorer: str | None, causes: bool
) -> list[Row]:
    """The movie (T, Y, X) segmented by the shipped model, each frame on its own and with its neighbours."""
    start = time.process_time()
    with patch("napari_unet.segmentation.assembly.part_merged", lambda frames: 0):
        alone = segment(pixels, axes="TYX").labels
    segmented = time.process_time()
    together = alone.copy()
    more = part_merged(together)
    parted = time.process_time() - segmented
    segmented -= start
    print(f"{name}: segmented in {segmented:.1f} s of processor; {more} objects more by neighbours in time, "
          f"in {parted:.2f} s ({parted / segmented:.1%})")  # fmt: skip
    names = f"{name}, frames alone", name
    if causes:
        for title, labels in zip(names, (alone, together), strict=True):
            show_causes(title, lost_links(truth, parents, labels))
    return [
        compare(title, truth, parents, labels, scorer) for title, labels in zip(names, (alone, together), strict=True)
    ]


def sample(scorer: str | None, causes: bool) -> list[Row]:
    """The time-lapse that ships, and how many ids kept theirs into the next frame without tracking."""
    made = nuclei_timelapse(np.random.default_rng(20150520))
    truth, found = made.labels.astype(np.int32), segment(made.image, axes="TYX").labels
    links = [tuple(link) for link in tracks_of_labels(truth, made.parents).links().tolist()]
    partner = {(t, a): b for (t, b), a in partners(truth, found).items()}
    same = sum(partner.get((a, b)) == partner.get((c, d)) is not None for a, b, c, d in links if b == d)
    print(f"sample, segmented, not tracked: {same} of {sum(b == d for _, b, _, d in links)} ids stay")
    return [
        compare("sample, outlines given", truth, made.parents, shuffled(truth), scorer),
        *by_model("sample, by the model", made.image, truth, made.parents, scorer, causes),
    ]


def phase(scorer: str | None, causes: bool) -> list[Row]:
    """T98G cells in phase contrast: outlines and ids by another program, whose links are what ours are held against."""
    folder = DATA / "phase_t98g_movie"
    ids = tifffile.imread(folder / "machine_tracks.tif").astype(np.int32)
    pixels = tifffile.imread(folder / "images.tif")
    found = by_model("the same, by the model", pixels, ids, {}, scorer, causes)
    return [compare("phase_t98g_movie, agreement with a machine", ids, {}, shuffled(ids), scorer), *found]


def discs(frames: int = 100, count: int = 200, size: int = 1024) -> np.ndarray:
    """Labels (T, Y, X) of `count` discs that wander."""
    random = np.random.default_rng(SEED)
    grid = np.stack(np.meshgrid(np.arange(16), np.arange(13)), -1).reshape(-1, 2)[:count]
    places = (grid * 62 + 40).astype(float)
    offsets = np.array([(y, x) for y in range(-14, 15) for x in range(-14, 15) if y * y + x * x <= 200])
    labels = np.zeros((frames, size, size), np.int32)
    for frame in labels:
        places = np.clip(places + random.normal(0, 3, places.shape), 20, size - 20)
        for number, place in enumerate(places, start=1):
            frame[tuple((place.astype(int) + offsets).T)] = number
    return labels


def speed(compare_laptrack: bool) -> None:
    labels = shuffled(discs())
    times, cpu = [], []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        found = track(labels)
        times.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    size = f"{len(labels)} frames of 200 discs, {labels.shape[1]} x {labels.shape[2]}"
    print(f"{size}: {min(times):.1f} s ({min(cpu):.1f} s of processor), the best of 3 ({len(found.tracks)} tracks)")
    if compare_laptrack:
        print(f"the same by laptrack, with overlaps: {laptrack_seconds(labels):.1f} s of processor")


def laptrack_seconds(labels: np.ndarray) -> float:
    """laptrack's own tracking by overlap, with gaps and divisions."""
    from laptrack import OverLapTrack

    tracker = OverLapTrack(cutoff=0.9, gap_closing_cutoff=0.9, gap_closing_max_frame_count=2, splitting_cutoff=0.9)
    start = time.process_time()
    tracker.predict_overlap_dataframe(labels)
    return time.process_time() - start


def show(rows: list[Row]) -> None:
    print(f"{'':46} {'links':>6} {'right':>7} {'wrong':>6} {'births':>7} {'right':>6} {'seconds':>8}  TRA    DET")
    for row in rows:
        scores = "  ".join(f"{row.scores[name]:.3f}" for name in ("TRA", "DET")) if row.scores else "-      -"
        print(f"{row.name:46} {row.links:6} {100 * row.right / row.links:6.1f}% {row.wrong:6} {row.births:7} "
              f"{row.births_right:6} {row.seconds:8.2f}  {scores}")  # fmt: skip


def main() -> None:
    """Parse the command line and print what it asks for."""
    parser = argparse.ArgumentParser(description="Links that are right, and seconds.")
    parser.add_argument("parts", nargs="*", metavar="PART", help="speed, simulated, sample, phase (default: all)")
    parser.add_argument("--scorer", metavar="PYTHON", help="a Python that has traccuracy, for TRA and DET")
    parser.add_argument("--laptrack", action="store_true", help="time laptrack, too, if it is installed")
    parser.add_argument("--causes", action="store_true", help="say why links were lost")
    parser.add_argument("--seed", type=int, default=SEED, help="of the simulated movie")
    parser.add_argument("--frames", type=int, default=16, help="of the simulated movie")
    parser.add_argument("--size", type=int, default=384, help="rows and columns of the simulated movie")
    options = parser.parse_args()
    parts = options.parts or ["speed", "sample", "phase", "simulated"]
    rows: list[Row] = []
    if "speed" in parts:
        speed(options.laptrack)
    if "sample" in parts:
        rows += sample(options.scorer, options.causes)
    if "phase" in parts:
        rows += phase(options.scorer, options.causes)
    if "simulated" in parts:
        rows += simulated(options.scorer, options.frames, options.size, options.seed, options.causes)
    if rows:
        show(rows)


if __name__ == "__main__":
    main()
