"""Many files that are killed in the middle: no file twice, none lost, the same results as without kills.

    python benchmarks/batch_kills.py [--files 24] [--side 128] [--kills 5] [--seed 0]
    python benchmarks/batch_kills.py --files 200 --side 512
    scripts/with_screen.sh python benchmarks/batch_kills.py --window --files 200 --side 512

Runs `napari-unet segment FOLDER --resume` in processes of its own on parts of a sample, ends them with SIGKILL at
random moments (each after a few more files), goes on with the same command, and compares with a run that nobody kills:
the labels, the table of `measure` and the ImageJ ROIs of `export`. With `--window` it is *Segment files...* that is
killed, in a napari window that is opened again each time, and that measures and exports in the end.
Prints how often each file was segmented, and what is missing or differs. Exit code 1 if anything is wrong.
With `--scratch DIR` the files stay there, and the same command after an interruption goes on with them.
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
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import tifffile

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.workflows.files.batch_journal import JOURNAL

TABLE = "objects.csv"
_PAUSE = 0.02  # seconds between two looks at what is done


def make_images(folder: Path, count: int, side: int) -> None:
    """Different parts of a sample, each (side, side) uint16."""
    sample = np.asarray(read_image(sample_path("nuclei_2d")).select_channel().data)
    large = np.tile(sample, (2 + side // sample.shape[0], 2 + side // sample.shape[1]))
    generator = np.random.default_rng(0)
    for number in range(count):
        y, x = (int(generator.integers(0, size)) for size in sample.shape)
        tifffile.imwrite(folder / f"{number:04d}.tif", np.ascontiguousarray(large[y : y + side, x : x + side]))


def start(images: Path, labels: Path, args: argparse.Namespace) -> subprocess.Popen[bytes]:
    if args.window:
        command = [sys.executable, str(Path(__file__).with_name("batch_window.py")), str(images), str(labels)]
        return subprocess.Popen([*command, "--model", args.model, "--diameter", "24"], stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "napari_unet", "segment", str(images), "--output", str(labels), "--resume"]
    return subprocess.Popen([*command, "--model", args.model, "--diameter", "24", "--quiet"], stdout=subprocess.DEVNULL)


def write_results(images: Path, labels: Path, window: bool) -> None:
    """The table and the ROIs of all files, beside their labels; a window has written them already."""
    if window:
        return
    tool = [sys.executable, "-m", "napari_unet"]
    table = ["--output", str(labels / TABLE)]
    subprocess.run([*tool, "measure", str(images), "--labels", str(labels), *table, "--quiet"], check=True)
    subprocess.run(
        [*tool, "export", str(labels), "--format", "imagej", "--output", str(labels), "--force", "--quiet"], check=True
    )


def journal_lines(labels: Path) -> list[str]:
    """Outputs that the journal names, one for each time that a file was done."""
    path, found = labels / JOURNAL, []
    for raw in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(raw)["output"])
        except (ValueError, KeyError):  # cut short by a kill
            continue
    return found


def run_with_kills(images: Path, labels: Path, args: argparse.Namespace) -> int:
    """Kill after random numbers of files, none of them done yet; returns how many kills there were."""
    dice, done = random.Random(args.seed), 0
    marks = sorted(dice.sample(range(1, args.files), min(args.kills, args.files - 1)))
    for mark in marks:
        if len(journal_lines(labels)) >= mark:
            continue
        process = start(images, labels, args)
        while process.poll() is None and len(journal_lines(labels)) < mark:
            time.sleep(_PAUSE)
        time.sleep(dice.random() * 0.5)  # somewhere in the next file
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            done += 1
        process.wait()
    start(images, labels, args).wait()
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="Nuclei 2D")
    parser.add_argument("--window", action="store_true", help="kill the window, not the command")
    parser.add_argument("--scratch", type=Path, help="keep the files in this folder, and go on with what is there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        return work_in(args.scratch or Path(scratch), args)


def work_in(scratch: Path, args: argparse.Namespace) -> int:
    images, whole, killed = (scratch / name for name in ("images", "whole", "killed"))
    images.mkdir(parents=True, exist_ok=True)
    make_images(images, args.files, args.side)
    began = time.monotonic()
    start(images, whole, args).wait()
    alone = time.monotonic() - began
    print(f"{args.files} files without kills: {alone:.0f} s", flush=True)
    kills = run_with_kills(images, killed, args)
    print(f"with {kills} kills: {time.monotonic() - began - alone:.0f} s, each start included", flush=True)
    for labels in (whole, killed):
        write_results(images, labels, args.window)
    wrong = report_labels(whole, killed, args.files)
    return int(report_results(whole, killed, args.files) or wrong)


def report_labels(whole: Path, killed: Path, count: int) -> bool:
    """Print what is wrong with the labels; returns whether anything is."""
    times = Counter(journal_lines(killed))
    files = [path.name for path in whole.glob("*_labels.tif")]
    lost = [name for name in files if not (killed / name).exists()]
    other = [
        name for name in files if name not in lost
        and not np.array_equal(tifffile.imread(killed / name), tifffile.imread(whole / name))
    ]  # fmt: skip
    twice = [name for name, n in times.items() if n > 1]
    left = [path.name for path in killed.iterdir() if "waiting" in path.name]
    print(
        f"labels: {len(files)} without kills; with them {len(lost)} lost, {len(other)} other, {len(twice)} done twice"
    )
    print(f"left behind: {', '.join(left) or 'nothing'}")
    return bool(lost or other or twice or left or len(files) != count)


def report_results(whole: Path, killed: Path, count: int) -> bool:
    """Print what is wrong with the table and the ROIs; returns whether anything is."""
    tables = [(labels / TABLE).read_bytes() for labels in (whole, killed)]
    same = tables[0] == tables[1]
    objects = tables[0].count(b"\n") - 1
    print(f"table: {objects} objects, {'the same' if same else 'OTHER'} with kills")
    rois = [{path.name: read_rois(path) for path in labels.glob("*_rois.zip")} for labels in (whole, killed)]
    outlines = sum(len(entries) for entries in rois[0].values())
    other = [name for name in rois[0].keys() | rois[1].keys() if rois[0].get(name) != rois[1].get(name)]
    print(f"ROIs: {outlines} outlines in {len(rois[0])} files, {len(other)} files other with kills")
    return bool(not same or other or len(rois[0]) != count)


def read_rois(path: Path) -> dict[str, bytes]:
    """Each outline in a zip by its name; when it was written is left out."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


if __name__ == "__main__":
    sys.exit(main())
