"""What pyproject.toml declares is what is imported; the versions of the checks are pinned; a rival is told of."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from napari_unet import installation
from napari_unet.cli import main

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Imported by others in our name: readers of xlsx and parquet, by pandas.
NOT_BY_US = {"openpyxl", "pyarrow"}


def plain(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def imported(*, window: bool) -> set[str]:
    """Distributions whose modules are imported by the window, or by all else, without the standard library's."""
    modules: set[str] = set()
    for path in (ROOT / "napari_unet").rglob("*.py"):
        if path.is_relative_to(ROOT / "napari_unet" / "ui") != window:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules.add(node.module.split(".")[0])
    homes = packages_distributions()
    others = modules - set(sys.stdlib_module_names) - {"napari_unet"}
    return {plain(homes[module][0]) for module in others}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    base = {plain(requirement) for requirement in PROJECT["dependencies"]}
    gui = {plain(requirement) for requirement in PROJECT["optional-dependencies"]["gui"]}
    cluster = {plain(requirement) for requirement in PROJECT["optional-dependencies"]["distributed"]}
    assert imported(window=False) == base | cluster | {"onnx"}  # of the extra "exchange", which also brings an engine
    assert imported(window=True) - base == gui


def test_all_that_the_checks_install_is_pinned_and_comes_from_nowhere_in_particular() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    pinned = {plain(pin) for pin in pins}
    wanted = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    assert {plain(line) for line in wanted} - {plain(PROJECT["name"])} <= pinned
    assert "torch==2.13.0" in pins


def test_a_rival_is_told_of_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installation.find_rival() is None
    asked: list[Any] = []
    monkeypatch.setattr(installation, "distribution", asked.append)
    sentence = installation.find_rival()
    assert asked == ["napari-unet"]
    assert sentence is not None
    assert "uninstall napari-unet" in sentence
    main(["models", "list"])
    assert sentence in capsys.readouterr().err
