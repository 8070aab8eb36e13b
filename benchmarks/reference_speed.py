"""How fast the networks of Cellpose 3 and StarDist are beside ours, on the same tile, in one run.

    python -m venv cellpose-env && cellpose-env/bin/pip install torch "cellpose<4"
    python -m venv stardist-env && stardist-env/bin/pip install tensorflow-cpu stardist
    python benchmarks/reference_speed.py --cellpose cellpose-env/bin/python --stardist stardist-env/bin/python

Each network alone, as its program makes it for two channels (Cellpose) and one (StarDist, 32 rays on a grid of 2), with
random weights: speed does not depend on them, and they cannot be downloaded here. Ours are the kinds that ship, in the
precision that the program chooses, and in float32, which is what the other two compute in. Not timed: estimating sizes,
flows and polygons into labels. Cellpose shrinks or enlarges images so that objects are 30 pixels across (17 for its
model of nuclei), ours to 16 to 48, so that megapixels are of what goes into the network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

_TIMED = """
import json, time
def timed(run):
    run()
    times = []
    for _ in range({repeats}):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
"""

_CELLPOSE = """
import torch
torch.set_num_threads({threads})
from cellpose.resnet_torch import CPnet
network = CPnet([2, 32, 64, 128, 256], 3, 3).eval()
pixels = torch.rand(1, 2, {side}, {side})
with torch.inference_mode():
    seconds = timed(lambda: network(pixels))
print(json.dumps([sum(one.numel() for one in network.parameters()), seconds]))
"""

_STARDIST = """
import numpy as np
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads({threads})
from stardist.models import Config2D, StarDist2D
network = StarDist2D(Config2D(n_rays=32, grid=(2, 2)), name=None, basedir=None).keras_model
pixels = tf.constant(np.random.rand(1, {side}, {side}, 1), tf.float32)
compiled = tf.function(lambda x: network(x, training=False))
seconds = timed(lambda: [one.numpy() for one in compiled(pixels)])
print(json.dumps([network.count_params(), seconds]))
"""

_OURS = """
import torch
torch.set_num_threads({threads})
from napari_unet import load_model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor
import numpy as np
model = load_model().kinds[-1]
predictor = Predictor(model, Engine(precision="{precision}"))
pixels = np.random.default_rng(0).random((1, 1, {side}, {side}), np.float32)
seconds = timed(lambda: predictor.predict(pixels))
print(json.dumps([sum(one.numel() for one in model.network.parameters()), seconds]))
"""


def measure(python: str, code: str, **given: object) -> tuple[int, float]:
    """(Parameters, seconds) that a piece of code prints, in a process of its own."""
    done = subprocess.run([python, "-c", (_TIMED + code).format(**given)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} could not run it:\n{done.stderr[-2000:]}")
    n_parameters, seconds = json.loads(done.stdout.strip().splitlines()[-1])
    return n_parameters, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cellpose", metavar="PYTHON", help="of an environment with Cellpose 3")
    parser.add_argument("--stardist", metavar="PYTHON", help="of an environment with StarDist")
    parser.add_argument("--side", type=int, default=512, help="pixels of the tile (default: 512)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    rows = [("ours", sys.executable, _OURS, "auto"), ("ours, float32", sys.executable, _OURS, "float32")]
    rows += [("Cellpose 3", args.cellpose, _CELLPOSE, "")] if args.cellpose else []
    rows += [("StarDist", args.stardist, _STARDIST, "")] if args.stardist else []
    print(f"tile of {args.side} x {args.side}, {args.threads} threads, {time.strftime('%Y-%m-%d')}")
    print("| network | million parameters | seconds | megapixels a second |\n|---|---|---|---|")
    for name, python, code, precision in rows:
        n_parameters, seconds = measure(
            python, code, side=args.side, threads=args.threads, repeats=args.repeats, precision=precision
        )
        print(f"| {name} | {n_parameters / 1e6:.2f} | {seconds:.3f} | {args.side**2 / 1e6 / seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
