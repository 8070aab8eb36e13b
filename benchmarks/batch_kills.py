"""Many files that are killed in the middle: no file twice, none lost, the same labels as without kills.

    python benchmarks/batch_kills.py [--files 24] [--side 128] [--kills 5] [--seed 0]
    python benchmarks/batch_kills.py --files 200 --side 512

Runs `napari-unet segment FOLDER --resume` in processes of its own on copies of a sample, ends them with SIGKILL at
random moments (each after a few more files), goes on with the same command, and compares with a run that nobody kills.
Prints how often each file was segmented, and what is missing or differs. Exit code 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import tifffile

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.workflows.files.batch_journal import JOURNAL

_PAUSE = 0.02  # seconds between two looks at what is done


def make_images(folder: Path, count: int, side: int) -> None:
    """Different parts of a sample, each (side, side) uint16."""
    sample = np.asarray(read_image(sample_path("nuclei_2d")).select_channel().data)
    large = np.tile(sample, (2 + side // sample.shape[0], 2 + side // sample.shape[1]))
    generator = np.random.default_rng(0)
    for number in range(count):
        y, x = (int(generator.integers(0, size)) for size in sample.shape)
        tifffile.imwrite(folder / f"{number:04d}.tif", np.ascontiguousarray(large[y : y + side, x : x + side]))


def start(images: Path, labels: Path, model: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "napari_unet", "segment", str(images), "--output", str(labels), "--resume"]
    return subprocess.Popen([*command, "--model", model, "--diameter", "24", "--quiet"], stdout=subprocess.DEVNULL)


def journal_lines(labels: Path) -> list[str]:
    """Outputs that the journal names, one for each time that a file was done."""
    path, found = labels / JOURNAL, []
    for raw in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(raw)["output"])
        except (ValueError, KeyError):  # cut short by a kill
            continue
    return found


def run_with_kills(images: Path, labels: Path, model: str, count: int, kills: int, seed: int) -> int:
    """Kill `kills` times, after random numbers of files; returns how many kills there were."""
    dice, done = random.Random(seed), 0
    marks = sorted(dice.sample(range(1, count), min(kills, count - 1)))
    for mark in marks:
        process = start(images, labels, model)
        while process.poll() is None and len(journal_lines(labels)) < mark:
            time.sleep(_PAUSE)
        time.sleep(dice.random() * 0.5)  # somewhere in the next file
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            done += 1
        process.wait()
    start(images, labels, model).wait()
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="Nuclei 2D")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        images, whole, killed = (Path(scratch) / name for name in ("images", "whole", "killed"))
        images.mkdir()
        make_images(images, args.files, args.side)
        began = time.monotonic()
        start(images, whole, args.model).wait()
        alone = time.monotonic() - began
        kills = run_with_kills(images, killed, args.model, args.files, args.kills, args.seed)
        return report(whole, killed, args.files, kills, alone, time.monotonic() - began - alone)


def report(whole: Path, killed: Path, count: int, kills: int, alone: float, seconds: float) -> int:
    times = Counter(journal_lines(killed))
    files = {path.name: path.read_bytes() for path in whole.glob("*_labels.tif")}
    lost = [name for name in files if not (killed / name).exists()]
    other = [
        name for name in files if name not in lost
        and not np.array_equal(tifffile.imread(killed / name), tifffile.imread(whole / name))
    ]  # fmt: skip
    twice = [name for name, n in times.items() if n > 1]
    left = [path.name for path in killed.iterdir() if "waiting" in path.name]
    print(f"{count} files, {kills} kills: {alone:.0f} s without kills, {seconds:.0f} s with them (each start included)")
    print(
        f"labels: {len(files)} without kills; with them {len(lost)} lost, {len(other)} other, {len(twice)} done twice"
    )
    print(f"left behind: {', '.join(left) or 'nothing'}")
    return int(bool(lost or other or twice or left or len(files) != count))


if __name__ == "__main__":
    sys.exit(main())
