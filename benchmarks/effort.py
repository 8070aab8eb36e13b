"""How good a model gets with how much correcting: AP over the number of objects that a simulated user corrected.

    python benchmarks/effort.py                                     # everything; goes on where it was stopped
    python benchmarks/effort.py --only 'hist*/corrected/*' --orders 3
    python benchmarks/effort.py --table
    python benchmarks/effort.py --plot docs/images/effort.png [--over minutes]
    python benchmarks/effort.py --only '*/default/25' '*/oracle/25'; python benchmarks/effort.py --settings

The simulated user (`simulated_user.py` has the rules in full) opens the images to be corrected in a random order, lets
the model in use segment each, corrects the worst `PER_IMAGE` objects of it (missed, merged, split, IoU < 0.7,
false) and opens the next; after the last comes the first again. Each corrected object counts one. Reviewed is
only what the window marks by itself around what was corrected; all else stays unknown. When the number of corrected
objects comes to k = 5, 10, 25, 50, 100, the user clicks *Fine-tune*, which starts, as in the window, from the model in
use, with all corrections so far; *Use new model* unless it is told to be no better, and then *Segment again*, which
keeps what was corrected or reviewed. So the curve at k has several fine-tunings behind it: `total` has the seconds of
all of them.

Arms, each scored on images of other groups than those corrected (`effort_images.py`):

base        the model as it is: k = 0
corrected   the user as above
kinds       the same, but what is missed comes first, then what is merged, split, wrong in outline, and false last
noisy       as `corrected`, with outlines off by 1 or 2 pixels, and 5 % of the objects never noticed (left as they were)
dense       the base model fine-tuned once on k objects labelled in whole neighbourhoods, drawn at random, right or not
all         the base model fine-tuned on all images to be corrected, all labelled, `ALL` times as long
alone       the same without replay: what these images can teach a model that may forget all others
default     fine-tuned once on k objects labelled as in `dense` (0: on all); nothing told, not even object sizes
oracle      on the same labels, with all that can be known by hand (`effort_settings.py`)

Orders are random orders of the images to be corrected, with other random numbers for the rest. A cell is one
type/order/arm/k, and writes one line to results.jsonl in the results folder when it is done: `ap` (mean over IoU
0.5:0.05:0.9) and `ap50` on the scored images, `base_ap50` on a sample of validation images of the types that the base
model knows, seconds and steps of training, what was corrected, what the fine-tuning said, and the mean AP of its parent
and its child, kept or not: from these comes the table of verdicts. A cell that has its line (with the same model and
budget) is skipped. R(k) = (AP(k) - AP(0)) / (AP(all) - AP(0)). The table has minutes of work beside objects
(`working_time.py`). `--settings` prints `default` beside `oracle`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from effort_images import OF_THEIR_OWN, TYPES, Picture, label_densely, read_base, read_pictures, score_pictures
from effort_report import plot_results, print_table, print_verdicts
from effort_session import Session
from effort_settings import HAND, as_segmented, by_hand, channel_choices, print_settings, tell
from simulated_user import Noise, Order, by_kind, by_overlap

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.models.library import load_model
from napari_unet.models.model import Model

EFFORTS = (5, 10, 25, 50, 100)
ALL = 5
"""Times as long: as long as the fine-tunings of the curve together."""


class Cell(NamedTuple):
    kind: str
    order: int
    arm: str
    k: int

    @property
    def name(self) -> str:
        return "/".join(map(str, self))


class Bench:
    """Runs cells, and knows which are done."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.folder, self.file = args, args.results, args.results / "results.jsonl"
        self.model = load_model(args.model)
        assert self.model.sha256 is not None
        steps = f", {args.max_steps} steps" if args.max_steps else ""
        steps += f" of {args.patches}" if args.patches else ""
        steps += f", scored on {args.scored}" if args.scored else ""
        self.setup = {"model": self.model.sha256[:12], "budget": f"{args.seconds:g} s{steps}"}
        self.pictures = cache(lambda kind: read_pictures(args.data, kind))
        self.coloured = cache(lambda kind: read_pictures(args.data, kind, "auto"))
        self.base = cache(lambda: read_base(args.data))
        self.scores: dict[str, dict[int, tuple[Model, dict[str, float]]]] = {}  # models are kept, as ids are used again

    def rows(self) -> list[dict[str, Any]]:
        """Lines of this model and budget."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        rows = [json.loads(line) for line in lines]
        return [row for row in rows if self.setup.items() <= row.items()]

    def run(self, cell: Cell) -> None:
        """Make one line, unless it is there."""
        if cell.name in {row["cell"] for row in self.rows()}:
            return
        start = time.perf_counter()
        model, row = getattr(self, f"_{cell.arm}")(cell)
        row |= self._score(model, cell) | {"base_ap50": score_pictures(model, self.base()[: self.args.scored])["ap50"]}
        row = {"cell": cell.name, **cell._asdict(), **self.setup, **row, "wall": round(time.perf_counter() - start, 1)}
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    def _base(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self.model, {"seconds": 0.0, "total": 0.0}

    def _all(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self._finetune(self.model, self._all_labelled(cell), cell, ALL)

    def _alone(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self._finetune(self.model, self._all_labelled(cell), cell, ALL, replay=0.0)

    def _all_labelled(self, cell: Cell) -> list[CorrectedImage]:
        return [one.corrected(one.truth, np.ones(one.truth.shape, bool)) for one in self.pictures(cell.kind)[0]]

    def _dense(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        generator = np.random.default_rng([cell.order, cell.k])
        return self._finetune(self.model, label_densely(self._ordered(cell), cell.k, generator), cell)

    def _corrected(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self._correct(cell, None)

    def _noisy(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self._correct(cell, Noise())

    def _kinds(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        return self._correct(cell, None, by_kind)

    def _correct(self, cell: Cell, noise: Noise | None, worst: Order = by_overlap) -> tuple[Model, dict[str, Any]]:
        session = Session(self._ordered(cell), self.model, noise, cell.order, worst)
        before = [k for k in EFFORTS if k < cell.k]
        if before and not session.restore(self._state(cell._replace(k=before[-1]))):
            self._correct(cell._replace(k=before[-1]), noise, worst)  # its line may be asked for by nobody
            session.restore(self._state(cell._replace(k=before[-1])))
        session.correct_until(cell.k)
        images = session.corrections()
        model, row = self._finetune(session.model, images, cell)
        session.seconds += row["seconds"]
        if model is not session.model:
            session.use(model)
        session.save(self._state(cell))
        share = sum(float(one.reviewed.sum()) for one in images) / sum(one.labels.size for one in images)
        row |= {"total": round(session.seconds, 1), "corrected": session.n_corrected, "kinds": dict(session.kinds)}
        row |= {"opened": session.opened, "outlines": round(session.outlines, 1)}
        return session.model, row | {"images": len(images), "reviewed": round(share, 3)}

    def _finetune(
        self, parent: Model, images: list[CorrectedImage], cell: Cell, times: int = 1, **settings: Any
    ) -> tuple[Model, dict[str, Any]]:
        """The child if it is to be gone on with, else its parent; and what is known of both."""
        result, row = self._train(parent, images, cell, times, **settings)
        row |= {name: self._score(one, cell)["ap"] for name, one in (("parent_ap", parent), ("child_ap", result.model))}
        return (result.model if result.favours_child else parent), row

    def _train(
        self, parent: Model, images: list[CorrectedImage], cell: Cell, times: int = 1, **settings: Any
    ) -> tuple[FinetuneResult, dict[str, Any]]:
        steps = self.args.max_steps and times * self.args.max_steps
        config = FinetuneConfig(
            seconds=times * self.args.seconds,
            max_steps=steps,
            batch_size=self.args.patches,
            seed=cell.order,
            **settings,
        )
        start = time.perf_counter()
        result: FinetuneResult = drain(finetune_steps(parent, images, config))
        seconds = round(time.perf_counter() - start, 1)
        row = {"seconds": seconds, "total": seconds, "steps": result.steps, "better": result.better}
        labelled = sum(len(np.unique(one.labels[one.reviewed & (one.labels > 0)])) for one in images)
        return result, row | {"said": result.sentence, "images": len(images), "labelled": labelled}

    def _score(self, model: Model, cell: Cell) -> dict[str, float]:
        """On the images of other groups; each model once, with the sizes told and not."""
        way = cell.arm if cell.arm in ("default", "oracle") else "usual"
        known = self.scores.setdefault(f"{cell.kind}, {way}", {})
        if id(model) not in known:
            known[id(model)] = model, score_pictures(model, self._scored(cell))
        return known[id(model)][1]

    def _scored(self, cell: Cell) -> list[Picture]:
        return tell(self._pictures(cell)[1][: self.args.scored], cell.arm != "default")

    def _pictures(self, cell: Cell) -> tuple[list[Picture], list[Picture]]:
        """Those to learn from and those to score: in colour where there is a choice of channels."""
        return (self.coloured if cell.arm in ("default", "oracle") else self.pictures)(cell.kind)

    def _default(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        images = [as_segmented(one, self.model) for one in self._labelled(cell, sizes=False)]
        model, row = self._finetune(self.model, images, cell, channels="auto")
        told = {name: self._ap_by_hand(model, cell, (name,)) for name in HAND}
        return model, row | {"told": told | {"all": self._ap_by_hand(model, cell, HAND)}}

    def _oracle(self, cell: Cell) -> tuple[Model, dict[str, Any]]:
        """Of several choices of channels, the one that does best on the images that are scored."""
        images, found = self._labelled(cell, sizes=True), []
        for channels in channel_choices(self._pictures(cell)[0]):
            result, row = self._train(self.model, images, cell, channels=channels, replay=0.0)
            child = by_hand(result.model, HAND)
            found.append((self._score(child, cell)["ap"], child, row | {"channels": channels}))
        _, child, row = max(found, key=lambda one: one[0])
        return child, row

    def _labelled(self, cell: Cell, sizes: bool) -> list[CorrectedImage]:
        pictures = tell(self._ordered(cell), sizes)
        if cell.k:
            return label_densely(pictures, cell.k, np.random.default_rng([cell.order, cell.k]))
        return [one.corrected(one.truth, np.ones(one.truth.shape, bool)) for one in pictures]

    def _ap_by_hand(self, model: Model, cell: Cell, told: tuple[str, ...]) -> float:
        pictures = tell(self._scored(cell), "size" in told)
        return score_pictures(by_hand(model, told), pictures)["ap"]

    def _ordered(self, cell: Cell) -> list[Picture]:
        pictures = list(self._pictures(cell)[0])
        random.Random(cell.order).shuffle(pictures)
        return pictures

    def _state(self, cell: Cell) -> Path:
        return Path(self.folder, "state", *self.setup.values(), *map(str, cell))


def plan_cells(orders: int, only: Sequence[str]) -> Iterator[Cell]:
    """All cells, those that others are measured by first; `only` are patterns of their names."""
    kinds = [*TYPES, *(kind for kind in OF_THEIR_OWN if any(pattern.startswith(kind) for pattern in only))]
    once = (("base", 0), ("all", 0), ("alone", 0), ("default", 0), ("oracle", 0))
    cells = [Cell(kind, 0, arm, k) for kind in kinds for arm, k in once]
    for order in range(orders):
        cells += [
            Cell(kind, order, arm, k)
            for kind in kinds
            for arm in ("corrected", "kinds", "dense", "noisy", "default", "oracle")
            for k in EFFORTS
        ]
    return (cell for cell in cells if not only or any(fnmatch(cell.name, pattern) for pattern in only))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--results", type=Path, default=Path("runs/effort"))
    parser.add_argument("--model", help="Name or path; empty: the shipped one.")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="PATTERN", help="type/order/arm/k, for example */all/0"
    )
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="Of each fine-tuning.")
    parser.add_argument("--max-steps", type=int, help="Steps of each fine-tuning at most, for a machine that is busy.")
    parser.add_argument("--patches", type=int, help="Patches a step; empty: as many as the time allows.")
    parser.add_argument("--scored", type=int, help="Images to score on at most; empty: all.")
    parser.add_argument("--table", action="store_true", help="Print the results there are, and run nothing.")
    parser.add_argument("--settings", action="store_true", help="Print `default` beside `oracle`, and run nothing.")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="Draw the results there are, and run nothing.")
    parser.add_argument("--over", choices=["objects", "minutes"], default="objects", help="The axis of --plot.")
    args = parser.parse_args()
    bench = Bench(args)
    if args.table or args.plot or args.settings:
        if args.table:
            print_table(bench.rows())
            print_verdicts(bench.rows())
        if args.plot:
            plot_results(bench.rows(), args.plot, args.over)
        if args.settings:
            print_settings(bench.rows())
        return
    for cell in plan_cells(args.orders, args.only):
        bench.run(cell)


if __name__ == "__main__":
    main()
