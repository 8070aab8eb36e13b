"""What the user of `effort.py` has on the screen, from one fine-tuning to the next, and on disk in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from effort_images import PER_IMAGE, Picture
from simulated_user import Desk, Noise, Order, by_overlap, correct_image, overlook

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.model_file import save_model

_ARRAYS = ("prediction", "labels", "reviewed")


class Session:
    """Images opened in the order of `pictures`; `model` is the one in use, `worst` what is corrected first."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        model: Model,
        noise: Noise | None = None,
        seed: int = 0,
        worst: Order = by_overlap,
    ) -> None:
        self.pictures, self.model, self.noise, self.seed, self.worst = pictures, model, noise, seed, worst
        self.desks: dict[int, Desk] = {}
        self.n_corrected = 0
        self.seconds = 0.0  # of training so far
        self._next = 0
        self._fresh: set[int] = set()  # segmented by the model in use

    @property
    def kinds(self) -> Counter[str]:
        """Corrections so far, by kind of mistake."""
        return sum((desk.corrected for desk in self.desks.values()), Counter())

    @property
    def opened(self) -> int:
        """How often an image was looked through."""
        return self._next

    @property
    def outlines(self) -> float:
        """How long all outlines are that were drawn, in diameters of a typical object."""
        return sum(desk.outlines for desk in self.desks.values())

    def correct_until(self, k: int) -> None:
        """Go on until `k` objects are corrected in all, or nothing is wrong any more."""
        idle = 0
        while self.n_corrected < k and idle < len(self.pictures):
            number = self._next % len(self.pictures)
            generator = np.random.default_rng([self.seed, self._next])
            self._segment(number)
            effort = min(PER_IMAGE, k - self.n_corrected)
            done = correct_image(self.desks[number], effort, generator, self.noise, self.worst)
            self.n_corrected += done
            idle = 0 if done else idle + 1
            self._next += 1

    def _segment(self, number: int) -> None:
        if number in self._fresh:
            return
        self._fresh.add(number)
        found = self.pictures[number].predict(self.model)
        if number in self.desks:
            self.desks[number].segment_again(found)
            return
        truth = self.pictures[number].truth
        share = 0.0 if self.noise is None else self.noise.overlooked
        unseen = overlook(truth, share, np.random.default_rng([self.seed, number, 1]))
        self.desks[number] = Desk.begin(truth, found, unseen)

    def corrections(self) -> list[CorrectedImage]:
        """What can be learned from, as the window collects it."""
        return [
            self.pictures[number].corrected(desk.labels.copy(), desk.reviewed.copy(), prediction=desk.prediction.copy())
            for number, desk in self.desks.items()
            if desk.reviewed.any()
        ]

    def use(self, model: Model) -> None:
        """Click *Use new model*, and *Segment again* wherever something is corrected from now on."""
        self.model = model
        self._fresh.clear()

    def save(self, folder: Path) -> None:
        """Write all of it to a folder, complete or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "session.json").unlink(missing_ok=True)
        (folder / "model.safetensors").unlink(missing_ok=True)
        save_model(self.model, folder / "model.safetensors")
        for number, desk in self.desks.items():
            np.savez_compressed(folder / f"{number}.npz", **{name: getattr(desk, name) for name in _ARRAYS})
        desks = {number: [desk.overlooked, desk.corrected, desk.outlines] for number, desk in self.desks.items()}
        state = {"desks": desks, "corrected": self.n_corrected, "next": self._next, "seconds": self.seconds}
        state["fresh"] = sorted(self._fresh)
        (folder / "session.json").write_text(json.dumps(state))

    def restore(self, folder: Path) -> bool:
        """Go on from what `save` wrote; False if there is nothing."""
        if not (folder / "session.json").exists():
            return False
        state = json.loads((folder / "session.json").read_text())
        self.model = load_model(str(folder / "model.safetensors"))
        self.n_corrected, self._next, self.seconds = state["corrected"], state["next"], state["seconds"]
        self._fresh = set(state["fresh"])
        for key, (unseen, kinds, outlines) in state["desks"].items():
            arrays = dict(np.load(folder / f"{key}.npz"))
            told = {"overlooked": tuple(unseen), "corrected": Counter(kinds), "outlines": outlines}
            desk = Desk(self.pictures[int(key)].truth, **arrays, **told)
            self.desks[int(key)] = desk
        return True
