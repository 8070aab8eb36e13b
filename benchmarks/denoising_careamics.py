"""Noise2Void as CAREamics has it, on the noisy images that `denoising.py --pictures FOLDER` left in a folder.

    python -m venv careamics && careamics/bin/pip install careamics        (0.3.5 was run)
    careamics/bin/python benchmarks/denoising_careamics.py FOLDER [--seconds 60 | --epochs 30] [--levels low mid high]

It needs an environment of its own, and nothing of this project. One network learns on each noisy image by itself, by
the defaults of CAREamics (U-Net of depth 2 with 32 filters, patches of 64 x 64, .2 % of the pixels hidden, Adam, mean
and standard deviation as normalization), 16 patches a step as ours. `--seconds` of processor time are what ours gets
too (`careamics`); without them it is `--epochs` passes over the image, 30 by its own default (`careamics-default`).
The result is a file beside the image, which `denoising.py` scores. A file that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from careamics import CAREamist
from careamics.config.factories import create_advanced_n2v_config
from lightning.pytorch import Callback

_FOREVER = 100_000  # epochs


class ProcessorTime(Callback):  # type: ignore[misc]
    """Stops a training after so many seconds of the processor: on a busy machine those of a clock say little."""

    def __init__(self, seconds: float) -> None:
        self.end = time.process_time() + seconds

    def on_train_batch_end(self, trainer: Any, *_: Any, **__: Any) -> None:
        trainer.should_stop = trainer.should_stop or time.process_time() >= self.end


def denoise(noisy: np.ndarray, seconds: float | None, epochs: int, n2v2: bool) -> tuple[np.ndarray, dict[str, int]]:
    """(Y, X) uint16 -> (Y, X) float32, and what it took."""
    # The learning rate follows the held-out loss, which is looked at after each pass over the image, as by default.
    config = create_advanced_n2v_config(
        experiment_name="noise", data_type="array", axes="YX", patch_size=[64, 64], batch_size=16,
        num_epochs=_FOREVER if seconds else epochs, use_n2v2=n2v2, seed=1,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        callbacks = [ProcessorTime(seconds)] if seconds else []
        careamist = CAREamist(config, work_dir=folder, enable_progress_bar=False, callbacks=callbacks)
        start = time.process_time()
        careamist.train(train_data=noisy.astype(np.float32))
        took = {"steps": int(careamist.trainer.global_step), "processor_seconds": round(time.process_time() - start)}
        found, _ = careamist.predict(noisy.astype(np.float32))
    return np.asarray(found[0], np.float32).reshape(noisy.shape), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, help="of the processor, for each image")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--levels", nargs="+", default=["low", "mid", "high"])
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--n2v2", action="store_true", help="its N2V2 in the place of its N2V")
    args = parser.parse_args()
    method = ("careamics-n2v2" if args.n2v2 else "careamics") + ("" if args.seconds else "-default")
    for level in args.levels:
        for number in range(args.images):
            into = args.folder / f"{level}_{number}_{method}.npy"
            if into.exists():
                continue
            noisy = np.load(args.folder / f"{level}_{number}_noisy.npy")
            found, took = denoise(noisy, args.seconds, args.epochs, args.n2v2)
            np.save(into, found)
            print(json.dumps({"made": into.name, **took}), flush=True)


if __name__ == "__main__":
    main()
