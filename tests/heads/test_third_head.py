"""A third head is one class and one line: it goes through segment, fine-tune and evaluate without anybody's help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from discs import correct_all, draw_discs

from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.heads import registry
from napari_unet.heads.head import Centers, Head, LearningMaps
from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.survey import ReviewedImage, ReviewedObject, Survey
from napari_unet.images.image import Image
from napari_unet.labels.evidence import Score
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.workflows.evaluation import evaluate
from napari_unet.workflows.segmenting import segment


class Covered:
    """Right and all pixels."""

    title = "pixels"

    def __init__(self, right: int, total: int) -> None:
        self.right, self.total = right, total

    def __add__(self, other: Covered) -> Covered:
        return Covered(self.right + other.right, self.total + other.total)

    @property
    def main(self) -> float:
        return self.right / self.total

    def figures(self) -> dict[str, float]:
        return {"pixels": self.main}


class Veil(Head):
    """One output: whether a pixel is covered."""

    name, title = "veil", "veils"
    has_size, keeps_values, draws_objects = False, True, False
    n_binary = 1

    def activate(self, logits: Any) -> Any:
        return logits.sigmoid()

    def decode(self, maps: Any, record: ModelRecord, smallest: float) -> Any:
        return (maps[0] > record.foreground_threshold).astype(np.int32)

    def learning_maps(self, plane: TrainingPlane) -> LearningMaps:
        return LearningMaps((plane.labels > 0)[None].astype(np.float32), plane.learn.astype(np.float32))

    def centers(self, plane: TrainingPlane) -> Centers:
        places = np.argwhere(plane.learn)[::997].astype(float)
        return places, np.ones(len(places))

    def loss(self, logits: Any, targets: Any, weights: Any) -> Any:
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
        return (each * weights).sum() / weights.sum()

    distil = loss

    def quieten(self, final: Any, together: int = 1) -> None:
        final.bias[:together] = -4.0

    def survey(self, images: Sequence[ReviewedImage], record: ModelRecord) -> Survey:
        cells = [
            ReviewedObject(number, index, 1 + y * 1000 + x, (y, x), 256, True)
            for number, image in enumerate(images)
            for index in image.planes()
            for y, x in np.argwhere(image.reviewed[index])[:: 16 * 37].tolist()
        ]
        return Survey(tuple(cells), (), sum(int(image.reviewed.sum()) for image in images))

    def changed(self, image: ReviewedImage, index: tuple[int, ...]) -> Any:
        return np.zeros(image.labels[index].shape, bool)

    def truth(self, plane: HeldOutPlane) -> Any:
        return np.where(plane.region, plane.labels > 0, 0).astype(np.int32)

    def compare(self, plane: HeldOutPlane, found: Any, record: ModelRecord) -> Covered:
        right = (found == self.truth(plane)) & plane.region
        return Covered(int(right.sum()), int(plane.region.sum()))

    def pool(self, parts: Sequence[Covered], record: ModelRecord) -> Score:
        share = sum(part.right for part in parts) / sum(part.total for part in parts)
        return Score(share, share, share, 100)

    def judge(self, outcome: Outcome) -> Verdict:
        assert outcome.before is not None
        assert outcome.after is not None
        return Verdict(outcome.after.ap50 > outcome.before.ap50, "Veils are seen better.")

    def tally(self, truth: Any, found: Any, record: ModelRecord) -> Covered:
        return Covered(int(((truth > 0) == found).sum()), truth.size)

    def summarize(self, labels: Any, record: ModelRecord) -> dict[str, Any]:
        return {"covered": float((labels > 0).mean())}


@pytest.fixture
def veil(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setitem(registry.HEADS, "veil", f"{__name__}:Veil")
    monkeypatch.setattr(registry, "_load", lambda place: Veil() if place.endswith(":Veil") else _shipped(place))
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2, out_channels=1)
    record = ModelRecord(name="veils", task="veil", outputs=("veil",), architecture=architecture)
    return Model(UNet(architecture).eval(), record, sha256="0" * 64)


_shipped = registry._load


def test_it_is_segmented_taught_scored_and_saved(veil: Model, tmp_path) -> None:
    image, labels = draw_discs()
    config = FinetuneConfig(seconds=300, max_steps=25, learning_rate=1e-2, patch=96, batch_size=2, device="cpu")
    result = drain(finetune_steps(veil, [correct_all(image, labels)], config))
    assert (result.better, result.sentence) == (True, "Veils are seen better.")
    child = load_model_file(save_model(result.model, tmp_path / "child.safetensors").path)
    assert child.record.task == "veil"
    found = segment(Image(image, "YX"), child).labels
    assert set(np.unique(found)) <= {0, 1}
    scored = evaluate([Image(image, "YX")], [labels], child)
    assert scored.title == "pixels"
    assert scored.main == pytest.approx(np.mean(found == (labels > 0)))
    assert scored.main > 0.85 > np.mean(labels == 0) - 0.1


def test_a_head_that_is_not_known_is_told(tiny_model: Model) -> None:
    unknown = replace(tiny_model, record=tiny_model.record.model_copy(update={"task": "holograms"}))
    with pytest.raises(Exception, match=r"holograms.*newer version"):
        segment(np.zeros((64, 64), np.float32), unknown)
