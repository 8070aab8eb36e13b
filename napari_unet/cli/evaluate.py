"""`napari-unet evaluate`: how well a model's labels agree with the ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from napari_unet.cli.options import (
    add_folders,
    add_general,
    add_model,
    add_parameters,
    add_reading,
    read_config,
    read_input,
)
from napari_unet.cli.segment import PARAMETERS
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import require
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.workflows.pairing import Pair, find_pairs

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from napari_unet.events import Finished, StopFlag
    from napari_unet.images.channels import ModelInput
    from napari_unet.models.model import Model
    from napari_unet.models.record import ModelRecord
    from napari_unet.workflows.evaluation import Evaluation, ImageScored


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="score a model against ground truth",
        description="Segment images and score the labels: AP = TP / (TP + FP + FN) at IoU 0.5 to 0.9, pooled over all "
        "objects, by optimal matching.",
        allow_abbrev=False,
    )
    add_folders(parser)
    add_model(parser)
    add_reading(parser)
    add_parameters(parser, SegmentConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Segment and score every pair; returns whether the user stopped it."""
    config = read_config(args, SegmentConfig, PARAMETERS)
    pairs = find_pairs(args.images, args.labels)
    from napari_unet.models.library import load_model

    model = load_model(args.model)
    terminal.warn(config.engine.note)
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        finished = _follow(Inputs(pairs, args, model.record), pairs, model, config, stop, bar)
    result = finished.result
    require(result.n_images, "It was stopped before the first image was scored.")
    terminal.answer |= {
        "model": {"name": model.name, "sha256": model.sha256},
        "images": result.n_images,
        "objects": result.n_truth,
        "predicted": result.n_predicted,
        "score": {"title": result.title, "value": result.main, "by_image": result.per_image},
        "figures": result.figures,
        "ap": {f"{threshold:.2f}": value for threshold, value in result.ap.items()},
        "mean_ap": result.mean_ap,
        "ap50_by_image": result.per_image if result.ap else {},
        "problems": list(result.problems),
        "stopped": finished.stopped,
    }
    objects = f", {result.n_truth} objects in the ground truth, {result.n_predicted} predicted" if result.ap else ""
    terminal.show(f"{model.name}: {result.n_images} images{objects}")
    terminal.show(_table(result))
    for sentence in result.problems:
        terminal.say(f"Check the labels: {sentence}")
    return finished.stopped


class Inputs(Sequence["ModelInput"]):
    """The images of `pairs`, each read when it is asked for, so that memory holds one of them."""

    def __init__(self, pairs: list[Pair], args: argparse.Namespace, record: ModelRecord) -> None:
        self._pairs, self._args, self._record = pairs, args, record

    def __len__(self) -> int:
        return len(self._pairs)

    @overload
    def __getitem__(self, index: int) -> ModelInput: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ModelInput]: ...
    def __getitem__(self, index: int | slice) -> ModelInput | Sequence[ModelInput]:
        if isinstance(index, slice):
            return Inputs(self._pairs[index], self._args, self._record)
        return read_input(self._pairs[index].image, self._args, self._record)

    def __iter__(self) -> Iterator[ModelInput]:
        return (self[index] for index in range(len(self)))


def _follow(
    images: Inputs, pairs: list[Pair], model: Model, config: SegmentConfig, stop: StopFlag, bar: Progress
) -> Finished[Evaluation]:
    """Evaluate with the bar moving along."""
    from napari_unet.workflows.evaluation import evaluate_steps

    task = bar.add_task("Scoring", total=len(pairs), detail="")

    def show(event: ImageScored) -> None:
        detail = f"{event.done} of {event.total} images  {seconds_text(event.seconds_left)}"
        bar.update(task, completed=event.done, total=event.total, detail=detail)

    return follow(evaluate_steps(images, [pair.labels for pair in pairs], model, config, stop), show)


def _table(result: Evaluation) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    if not result.ap:
        table.add_column("score")
        table.add_column("", justify="right")
        for name, value in result.figures.items():
            table.add_row(name.replace("_", " "), f"{value:.3f}")
        return table
    table.add_column("IoU")
    table.add_column("AP", justify="right")
    for threshold, value in result.ap.items():
        table.add_row(f"{threshold:.2f}", f"{value:.3f}")
    table.add_row("mean", f"{result.mean_ap:.3f}")
    return table
