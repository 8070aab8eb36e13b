"""`napari-unet models`, and what all commands have in common."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_unet.models.model_file import file_hash

Run = Callable[..., Any]


def test_imported_model_is_listed_shown_exported_and_removed(run: Run, model_file: Path, tmp_path: Path) -> None:
    assert run("models", "import", model_file).code == 0
    listed = {row["name"]: row for row in run("models", "list", "--json").answer["models"]}
    assert listed["Small"]["sha256"] == file_hash(model_file)
    shown = run("models", "show", "Small").out
    assert file_hash(model_file) in shown
    assert run("models", "export", "Small", tmp_path / "copy.safetensors").code == 0
    assert file_hash(tmp_path / "copy.safetensors") == file_hash(model_file)
    assert run("models", "rename", "Small", "Tiny").code == 0
    assert run("models", "default", "Tiny").out.strip() == "Tiny"
    assert run("models", "remove", "Tiny").code == 0
    names = [row["name"] for row in run("models", "--json").answer["models"]]
    assert "Tiny" not in names
    assert "Small" not in names


def test_file_outside_the_library_can_be_shown_but_not_removed(run: Run, model_file: Path) -> None:
    assert run("models", "show", model_file, "--json").answer["name"] == "Small"
    ran = run("models", "remove", model_file)
    assert ran.code == 2
    assert model_file.is_file()


def test_broken_file_is_reported_and_the_rest_listed(run: Run, model_file: Path, models_dir: Path) -> None:
    run("models", "import", model_file)
    (models_dir / "broken.safetensors").write_text("nothing")
    ran = run("models")
    assert ran.code == 0
    assert "Small" in ran.out
    assert "broken.safetensors" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "Nothing"),
        ("import", "nothing.safetensors"),
        ("export", "Nothing", "x"),
        ("remove", "Nothing"),
        ("rename", "Nothing", "x"),
        ("default", "Nothing"),
        ("default", "Nothing", "--reset"),
        ("polish",),
    ],
)
def test_what_is_not_there_is_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("models", *arguments)
    assert ran.code == 2
    assert ran.sentence


def test_json_holds_the_sentence_too(run: Run) -> None:
    ran = run("models", "show", "Nothing", "--json")
    assert ran.code == 2
    assert ran.answer["error"] in ran.sentence


@pytest.mark.parametrize("command", ["segment", "finetune", "evaluate", "models", "demo"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert "--json" in ran.out


def test_bounds_in_the_help_are_those_of_the_config(run: Run) -> None:
    from napari_unet.finetuning.config import FinetuneConfig

    [limit] = [m.ge for m in FinetuneConfig.model_fields["seconds"].metadata if hasattr(m, "ge")]
    assert f"at least {limit}" in " ".join(run("finetune", "--help").out.split())


def test_no_command_is_one_sentence(run: Run) -> None:
    ran = run()
    assert ran.code == 2
    assert ran.sentence


def test_module_runs_as_program_and_answers_at_once() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "napari_unet", "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "napari-unet")
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "napari_unet.cli" in loaded
    assert not loaded & {"torch", "napari", "scipy", "skimage", "zarr", "dask"}  # each takes longer than the answer


def test_demo_without_the_window_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_unet.cli import demo

    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    ran = run("demo")
    assert ran.code == 2
    assert "[gui]" in ran.sentence


def test_new_model_for_classes_is_made_shown_and_its_classes_named(run: Run, models_dir: Path) -> None:
    made = run(
        "models", "new", "Tissue", "--task", "semantic", "--classes", "background, gland", "--channels", 3, "--json"
    )
    assert made.code == 0
    assert made.answer["task"] == "semantic"
    assert made.answer["class_names"] == ["background", "gland"]
    assert made.answer["channels"] == 3
    assert run("models", "classes", "Tissue", "background,crypt").code == 0
    assert "1 crypt" in run("models", "classes", "Tissue").out
    assert "crypt" in run("models", "show", "Tissue").out


@pytest.mark.parametrize("arguments", [("--task", "semantic"), ("--classes", "a,b")])
def test_new_model_says_what_is_missing(run: Run, models_dir: Path, arguments: tuple[str, ...]) -> None:
    ran = run("models", "new", "Tissue", *arguments)
    assert ran.code == 2
    assert "class" in ran.err.lower()


def test_a_model_is_exported_for_other_programs_and_taken_back(run: Run, model_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    run("models", "import", model_file)
    assert run("models", "export", "Small", tmp_path / "small.onnx").code == 0
    assert "at least one author" in run("models", "export", "Small", tmp_path / "small.zip").sentence
    assert run("models", "export", "Small", tmp_path / "small.zip", "--author", "Ada Byron").code == 0
    assert run("models", "export", "Small", tmp_path, "--format", "bioimageio", "--force").code == 0  # remembered
    assert "no format" in run("models", "export", "Small", tmp_path / "x", "--format", "keras").sentence
    for name in ("small.onnx", "small.zip"):
        assert run("models", "remove", "Small").code == 0
        assert run("models", "import", tmp_path / name, "--json").answer["name"] == "Small"
