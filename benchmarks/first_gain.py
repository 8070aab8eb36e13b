"""How long after the click on *Fine-tune* there is something to see: a preview, and a score that is better.

    python benchmarks/first_gain.py [--type brightfield_gray] [--corrected 25] [--seconds 60] [--order 0]

The simulated user of `simulated_user.py` corrects `--corrected` objects of images of one type that the shipped model
never saw, 5 an image, the worst first, the images in the same random order as in `effort.py`. Then the clock starts:
the model is read from its file and fine-tuned as the window does it, with a preview of the first of these images.
Printed as JSON, in seconds from the click:

- `prepared`: corrections are read and the old model is scored; `step`: the first step is done
- `preview`: the first picture by the model in training
- `score`: the first held-out score; `better`: the first one above the old model's, in AP@0.5 or in mean AP
- `better_by_mean_ap`: the same for the mean AP alone; `finished`: the end of the run

Torch is imported before the clock starts, as it is in a window where something was segmented. Scores are on the
reviewed objects that the model did not learn from: few, so that they go up and down by chance too. `load` is that of
the machine when the clock starts: above the number of its cores the seconds mean little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from effort_images import read_pictures
from effort_session import Session

from napari_unet.events import Finished
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import Prepared, PreviewDone, PreviewRequest, ScoreDone
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.images.view import View
from napari_unet.labels.evidence import Score
from napari_unet.learning.events import StepDone
from napari_unet.models.library import load_model


def follow_run(model_name: str | None, session: Session, config: FinetuneConfig) -> dict[str, Any]:
    """Seconds from the click to each first thing."""
    images = session.corrections()
    first = session.pictures[next(iter(session.desks))]
    view = (slice(0, first.image.shape[-2]), slice(0, first.image.shape[-1]))
    request = PreviewRequest(first.image, (), view, View(first.diameter))
    start = time.perf_counter()
    seconds: dict[str, float] = {}
    before: Score | None = None
    events = finetune_steps(load_model(model_name), images, config, preview=lambda: request)
    for event in events:
        now = round(time.perf_counter() - start, 1)
        if isinstance(event, Prepared):
            before = event.before
        for name in names_of(event, before):
            seconds.setdefault(name, now)
        if isinstance(event, Finished):
            return {"seconds": seconds, "steps": event.result.steps, "sentence": event.result.sentence}
    raise RuntimeError("the run had no end")


def names_of(event: Any, before: Score | None) -> list[str]:
    """What an event is the first one of."""
    if isinstance(event, ScoreDone):
        better = [] if before is None else compare(event.score, before)
        return ["score", *better]
    kinds = {Prepared: "prepared", StepDone: "step", PreviewDone: "preview", Finished: "finished"}
    return [kinds[type(event)]] if type(event) in kinds else []


def compare(score: Score, before: Score) -> list[str]:
    """In what a score is better."""
    by_mean = score.mean_ap > before.mean_ap
    return ["better"] * (by_mean or score.ap50 > before.ap50) + ["better_by_mean_ap"] * by_mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--type", default="brightfield_gray")
    parser.add_argument("--corrected", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--order", type=int, default=0, help="Seed of the order of the images.")
    parser.add_argument("--model", help="Name or path; empty: the shipped one.")
    args = parser.parse_args()
    pictures, _ = read_pictures(args.data, args.type)
    random.Random(args.order).shuffle(pictures)
    session = Session(pictures, load_model(args.model), seed=args.order)
    session.correct_until(args.corrected)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    report = follow_run(args.model, session, FinetuneConfig(seconds=args.seconds))
    kinds = dict(session.kinds)
    print(json.dumps({"type": args.type, "corrected": session.n_corrected, "kinds": kinds, "load": load, **report}))


if __name__ == "__main__":
    main()
