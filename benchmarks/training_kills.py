"""Whether a kill in the middle of training loses a correction or leaves a model that cannot be loaded.

    python benchmarks/training_kills.py [--kills 50] [--seed 0]

A child process does two things at once, as the window does: a thread plays the scripted session of
`durability_session.py` on a project (strokes and tools), and meanwhile a small network is fine-tuned again and again on
drawn discs, for about two seconds each time, and each child is saved to the model library. It is ended by SIGKILL at a
random moment of its second or third training, `--kills` times. Then the project is opened and compared with the script,
as in `durability.py`, and each model of the library is loaded and must be complete.

Prints one line; the exit code is 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from durability import MOST_STEPS, PAUSE_MS, Replay, Tally, examine
from durability_session import ACKS, play

SECONDS = 2.0  # of one training
MODELS = "models"
SAVED = "saved"


def train_again_and_again(folder: Path, seed: int) -> None:
    """Fine-tune and save until killed; each saved file is written down, and that training has begun."""
    import numpy as np
    import torch

    from napari_unet.events import drain
    from napari_unet.finetuning.config import FinetuneConfig
    from napari_unet.finetuning.finetune import finetune_steps
    from napari_unet.models.architecture import UNetConfig
    from napari_unet.models.library import save_to_library
    from napari_unet.models.model import Model
    from napari_unet.models.record import ModelRecord
    from napari_unet.models.unet import UNet
    from napari_unet.workflows.teaching import make_corrected_image

    rows, columns = np.mgrid[:128, :160]
    cells = (rows // 32) * 5 + columns // 32 + 1
    labels = np.where((rows % 32 - 16) ** 2 + (columns % 32 - 16) ** 2 <= 81, cells, 0).astype(np.int32)
    image = (100 * (labels > 0) + np.random.default_rng(seed).normal(20, 8, labels.shape)).astype(np.float32)
    architecture = UNetConfig(base_channels=4, depth=2)
    model = save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    torch.set_num_threads(1)
    config = FinetuneConfig(seconds=SECONDS, patch=64, batch_size=2, device="cpu")
    while True:
        result = drain(finetune_steps(model, [make_corrected_image(image, labels)], config))
        model = save_to_library(result.model)
        with (folder / SAVED).open("a") as file:
            file.write(f"{model.path}\n")


def run_child(folder: Path, seed: int) -> None:
    os.environ["NAPARI_UNET_MODELS"] = str(folder / MODELS)
    session = threading.Thread(target=play, args=(folder, seed, MOST_STEPS, PAUSE_MS), daemon=True)
    session.start()
    train_again_and_again(folder, seed)


def count_saved(folder: Path) -> int:
    return len((folder / SAVED).read_text().splitlines()) if (folder / SAVED).exists() else 0


def check_models(folder: Path, n_saved: int) -> list[str]:
    """What is wrong with the library."""
    from napari_unet.errors import UserError
    from napari_unet.models.model_file import load_model_file

    problems, files = [], sorted((folder / MODELS).glob("*.safetensors"))
    if len(files) < n_saved + 1:  # the first one is the parent of all
        problems.append(f"{len(files)} models, although {n_saved + 1} were saved")
    for path in files:
        try:
            load_model_file(path)
        except UserError as error:
            problems.append(str(error))
    return problems


def run_kills(n: int, seed: int) -> tuple[Tally, int]:
    """Kill the session `n` times; what was found of its corrections, and how many models were loaded."""
    tally, chance, replay, n_models = Tally(), random.Random(seed), Replay(seed), 0
    for number in range(n):
        with tempfile.TemporaryDirectory(prefix="napari-unet-kills-") as name:
            folder = Path(name)
            command = [sys.executable, str(Path(__file__)), "--child", str(folder), "--seed", str(seed)]
            child = subprocess.Popen(command)
            until = time.monotonic() + 120
            while not count_saved(folder) and time.monotonic() < until and child.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 2 * SECONDS))
            early = child.poll() is not None
            killed_at = time.monotonic()
            child.kill()
            child.wait()
            where = f"kill {number}"
            if early:
                tally.failures.append(f"{where}: the session ended by itself")
            n_saved = count_saved(folder)
            examine(folder, replay, (folder / ACKS).read_text(), tally, where, killed_at)
            tally.failures += [f"{where}: {problem}" for problem in check_models(folder, n_saved)]
            n_models += n_saved + 1
    return tally, n_models


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        run_child(args.child, args.seed)
    tally, n_models = run_kills(args.kills, args.seed)
    print(f"{tally.line('kills while training')}; {n_models} models loaded")
    for failure in tally.failures:
        print(f"  {failure}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
