"""Noise2Void as CAREamics has it, on the noisy images that `denoising.py --pictures FOLDER` left in a folder.

    python -m venv careamics && careamics/bin/pip install careamics        (0.3.5 was run)
    careamics/bin/python benchmarks/denoising_careamics.py FOLDER [--steps 250] [--levels low mid high] [--images 2]

It needs an environment of its own, and nothing of this project. One network learns on each noisy image by itself, by
the defaults of CAREamics (U-Net of depth 2 with 32 filters, patches of 64 x 64, .2 % of the pixels hidden, Adam, mean
and standard deviation as normalization), 16 patches a step as ours; the result is a file beside the image, which
`denoising.py` scores. A file that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from careamics import CAREamist
from careamics.config.factories import create_advanced_n2v_config


def denoise(noisy: np.ndarray, steps: int, n2v2: bool) -> np.ndarray:
    """(Y, X) uint16 -> (Y, X) float32."""
    # The learning rate follows the held-out loss, which is looked at after each pass over the image, as by default.
    config = create_advanced_n2v_config(
        experiment_name="noise", data_type="array", axes="YX", patch_size=[64, 64], batch_size=16, num_epochs=1000,
        trainer_params={"max_steps": steps}, use_n2v2=n2v2, seed=1,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        careamist = CAREamist(config, work_dir=folder, enable_progress_bar=False)
        careamist.train(train_data=noisy.astype(np.float32))
        print(json.dumps({"steps": int(careamist.trainer.global_step)}))
        found, _ = careamist.predict(noisy.astype(np.float32))
    return np.asarray(found[0], np.float32).reshape(noisy.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--levels", nargs="+", default=["low", "mid", "high"])
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--n2v2", action="store_true", help="its N2V2 in the place of its N2V")
    args = parser.parse_args()
    for level in args.levels:
        for number in range(args.images):
            method = "careamics-n2v2" if args.n2v2 else "careamics"
            into = args.folder / f"{level}_{number}_{method}.npy"
            if into.exists():
                continue
            start = time.process_time()
            np.save(into, denoise(np.load(args.folder / f"{level}_{number}_noisy.npy"), args.steps, args.n2v2))
            print(json.dumps({"made": into.name, "processor_seconds": round(time.process_time() - start)}), flush=True)


if __name__ == "__main__":
    main()
