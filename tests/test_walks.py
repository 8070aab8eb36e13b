"""The ways that images and settings take through the rooms: down, and through nothing that does not need them."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import tifffile
from discs import correct_all, draw_discs

from napari_unet.events import Finished
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.images.files.reading import read_image
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "napari_unet"


def _floors() -> dict[str, int]:
    """How high each room stands, 0 at the bottom."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if "napari_unet.workflows" in one.get("layers", ()))
    return {
        name.removeprefix("napari_unet."): floor
        for floor, names in enumerate(reversed(layers))
        for name in names.replace("|", ":").replace(" ", "").split(":")
    }


@cache
def _module(filename: str) -> str | None:
    """The module of a file, as a path within the package; None if it is not ours."""
    path = Path(filename)
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else None


def climbs(walk: Callable[[], Any]) -> set[str]:
    """Calls on a walk by which a room calls a function of one above it: "room -> module:function".

    A function without a name (whether there is still time, say) was handed down as a question, and is no climb; what
    only does the work that it is handed, in another thread perhaps, is looked through.
    """
    floors, found = _floors(), set[str]()

    def floor(module: str) -> int:
        return floors[module.split("/")[0].removesuffix(".py")]

    def hear(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code.co_name.startswith("<"):
            return
        called = _module(frame.f_code.co_filename)
        if called is None:
            return
        caller = frame.f_back
        while caller is not None and _module(caller.f_code.co_filename) in (None, "models/running/aside.py"):
            caller = caller.f_back
        by = None if caller is None else _module(caller.f_code.co_filename)
        if by is not None and floor(called) > floor(by):
            found.add(f"{by.split('/')[0]} -> {called}:{frame.f_code.co_qualname}")

    sys.setprofile(hear)
    try:
        walk()
    finally:
        sys.setprofile(None)
    return found


def test_an_image_takes_no_step_back_from_reading_to_labels(tiny_model: Model, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "discs.tif", draw_discs((64, 64))[0])
    labels: list[Any] = []

    def walk() -> None:
        image = read_image(tmp_path / "discs.tif")
        steps = segment_steps(image, tiny_model, SegmentConfig(device="cpu"))
        labels.extend(step.result.labels for step in steps if isinstance(step, Finished))

    assert climbs(walk) == set()
    assert [one.shape for one in labels] == [(64, 64)]


def test_images_climb_twice_at_most_through_fine_tuning(tiny_model: Model) -> None:
    """A head asks a corrected image, which it knows by what it can do, for its planes and what was changed in them."""
    image, labels = draw_discs()
    discs = correct_all(image, labels, prediction=np.where(labels == 3, 0, labels))
    config = FinetuneConfig(seconds=120, max_steps=1, patch=64, batch_size=2, device="cpu")
    done: list[Any] = []
    found = climbs(lambda: done.extend(finetune_steps(tiny_model, [discs], config)))
    assert isinstance(done[-1], Finished)
    asked = "heads -> corrections/corrected_image.py:CorrectedImage."
    assert {one for one in found if not one.startswith("heads -> corrections/comparison.py:")} == {
        asked + "planes",
        asked + "compare",
    }


# -- settings ---------------------------------------------------------------------------------------------------------


@cache
def _functions() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def _takes(function: ast.FunctionDef, name: str) -> bool:
    return any(one.arg == name for one in (*function.args.args, *function.args.kwonlyargs))


def test_a_device_is_named_where_models_run_and_an_engine_goes_everywhere_else() -> None:
    named = {path for path, function in _functions() if _takes(function, "device")}
    assert {path for path in named if not path.startswith("models/running/")} == set()


def test_who_is_given_a_diameter_uses_it_or_whom_it_gives_it_to_does() -> None:
    """A `View` carries it further; as a number it goes one step at most."""
    functions = [(path, one) for path, one in _functions() if _takes(one, "diameter")]
    handing: dict[str, set[str]] = {}  # who only hands it on, and to whom
    for _, function in functions:
        parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
        users = [
            parents[parents[node]] if isinstance(parents[node], ast.keyword) else parents[node]
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id == "diameter"
        ]
        names = {ast.unparse(user.func).rsplit(".", 1)[-1] if isinstance(user, ast.Call) else "" for user in users}
        if names and not names & {"", "View", "with_diameter", "replace"}:
            handing[function.name] = names
    far = {name: to for name, to in handing.items() if any(one in handing for one in to)}
    assert far == {}
