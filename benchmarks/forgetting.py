"""Ways to keep a fine-tuned model from forgetting what its parent knew, compared at the same number of steps.

    python benchmarks/forgetting.py --type hist_purple_on_purple --images 5 --steps 60
    python benchmarks/forgetting.py --type brightfield_gray --images 3 --steps 60

Learns from fully labelled images of a type that the parent never saw, as `finetuning.py` does, and scores on images of
other groups ("new") and on `validation` images of the parent's own types ("base"): AP@0.5 and mean AP, pooled over
objects, at their measured size. Each is also scored after averaging its weights with the parent's (3 of 4 parts, half).

plain       what is new alone; the statistics of batch normalization learn along
moving      a third of each batch is replay with its labels; the statistics learn along
labels      the same, with the parent's statistics
dice        the same, and replay teaches what the parent said, by the loss that corrections have, Dice included
entropy     the same by cross-entropy and the error of the distance alone
heavy       the same, and a patch of replay counts ten times (this is what `napari-unet finetune` does)
simulated   as heavy, on simulated images in place of the replay set
"""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

import numpy as np
import torch
from finetuning import base_groups, draw_images, load_labelled, score_images

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.judging.blending import blend
from napari_unet.finetuning.material.preparation import prepare_planes, survey_material
from napari_unet.heads.instances.losses import instance_loss
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.learning.replay import find_replay
from napari_unet.learning.sampler import BatchSampler
from napari_unet.learning.teacher import Teacher
from napari_unet.learning.trainer import Statistics, Trainer
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.unet import UNet
from napari_unet.segmentation.tiles.tiling import fitting_size
from napari_unet.training.simulation.scenes import simulate_image

VARIANTS = ("plain", "moving", "labels", "dice", "entropy", "heavy", "simulated")
SHARES = (1.0, 0.75, 0.5)
_SIMULATED = 80


def train(variant: str, model: Model, learned: list[CorrectedImage], config: FinetuneConfig) -> UNet:
    """The averaged network after `config.max_steps` steps."""
    generator = np.random.default_rng(config.seed)
    patch = fitting_size(config.patch, model.record.architecture)
    material = survey_material(learned, 0.0, generator)
    prepare_planes(material, learned, model.record, patch, generator)
    torch.manual_seed(config.seed)
    head = find_head(model.record)
    teacher = Teacher(model.network, head)
    kept: Statistics = "follow" if variant == "moving" else "keep"
    trainer = Trainer(model.network, head.loss, config.optimization(), config.engine, teacher, statistics=kept)
    if variant in ("moving", "labels", "dice"):
        teacher.loss = instance_loss
    if variant in ("moving", "labels", "dice", "entropy"):
        teacher.weight = 1.0
    if variant in ("moving", "labels"):
        teacher.teach = lambda images, targets, n_replay: targets  # type: ignore[method-assign]
    sampler = BatchSampler(head, material.training, replay_planes(variant, model), patch, config.replay, config.seed)
    for step in range(config.max_steps or 1):
        trainer.step(sampler.draw(config.batch_size), step / (config.max_steps or 1))
    return trainer.averaged


def replay_planes(variant: str, model: Model) -> list[TrainingPlane]:
    """What the base model's images are stood in for by."""
    if variant == "plain":
        return []
    if variant != "simulated":
        replay = find_replay(model.record)
        if replay is None:
            raise SystemExit(f"{model.name} names no replay set")
        return replay.training_planes(model.record)
    planes = []
    for number in range(_SIMULATED):
        pixels, labels = simulate_image(224, seed=(1, number))
        everywhere = np.ones(labels.shape, bool)
        planes.append(TrainingPlane(pixels, labels.astype(np.int32), everywhere, everywhere, ~everywhere))
    return planes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--type", default="hist_purple_on_purple")
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--draw", type=int, default=0, help="Which random draw of the images.")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rate", type=float, default=FinetuneConfig.model_fields["learning_rate"].default)
    parser.add_argument("--most", type=int, default=16, help="Images that are scored on, of each kind.")
    parser.add_argument("--model", help="Name or path; empty: the shipped one.")
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    args = parser.parse_args()
    args.channels = "one"
    model = load_model(args.model)
    learned, new = draw_images(args, args.draw)
    base = [load_labelled(args.data, names[0]) for names in base_groups(args.data)]
    random.Random(0).shuffle(base)
    kinds = {"new": new[: args.most], "base": base[: args.most]}
    config = FinetuneConfig(max_steps=args.steps, learning_rate=args.rate, seconds=86_400)
    print("| variant | share of the child | new AP@0.5 | new mean AP | base AP@0.5 | base mean AP |")
    print("|---|---|---|---|---|---|")
    show("parent", 0.0, model, kinds)
    for variant in args.variants:
        child = train(variant, model, learned, config)
        for share in SHARES:
            show(variant, share, Model(blend(model.network, child, share), model.record), kinds)


def show(variant: str, share: float, model: Model, kinds: dict[str, list[CorrectedImage]]) -> None:
    """A row of the table."""
    scores = [score_images(model, images) for images in kinds.values()]
    figures = " | ".join(f"{one['ap50']:.3f} | {one['mean_ap']:.3f}" for one in scores)
    print(f"| {variant} | {share:.2f} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
