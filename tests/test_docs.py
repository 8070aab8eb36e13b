"""What README and docs promise: snippets run, links lead somewhere, options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from phenotypes import draw_phenotypes

from napari_unet.cli import build_parser, main
from napari_unet.images.files.sample_data import sample_path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# made by a script that drives the window, which is not run here
_PICTURES = ROOT / "docs" / "images"


def _snippets() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf8"), flags=re.DOTALL)
        found += [(f"{page.name}-{number}", block) for number, block in enumerate(blocks, start=1)]
    return found


@pytest.mark.parametrize("code", [code for _, code in _snippets()], ids=[name for name, _ in _snippets()])
def test_python_snippet_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.tif").write_bytes(sample_path("nuclei_2d").read_bytes())
    names: dict[str, object] = {}
    exec(code, names)
    assert names.keys() - {"__builtins__"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf8"))
    local = [page.parent / target for target in targets if "://" not in target]
    assert [path for path in local if not path.exists() and _PICTURES not in path.parents] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_the_text_exist(page: Path) -> None:
    """Every `napari-unet COMMAND ... --option` of the text is one that the program knows."""
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    for line in re.findall(r"napari-unet [a-z]+[^`\n]*", page.read_text(encoding="utf8")):
        command = line.split()[1]
        if command not in commands:
            continue
        known = commands[command].format_help()  # type: ignore[index]
        if command == "models":
            known += "--yes --reset --force --format --kind --image --author --affiliation --licence --citation --doi"
        if command == "project":
            known += "--output --force --json --model"
        assert [option for option in re.findall(r"--[a-z-]+", line) if option not in known] == []


def test_the_commands_of_the_first_tutorial_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the sample that it speaks of; those of the others take longer, and their options are looked at above."""
    page = (ROOT / "docs" / "tutorials" / "nuclei.md").read_text(encoding="utf8")
    blocks = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    sample = sample_path("nuclei_2d")
    (tmp_path / sample.name).write_bytes(sample.read_bytes())
    for block in blocks:
        program, *arguments = shlex.split(block)
        assert program == "napari-unet"
        assert main(arguments) == 0
    rows = (tmp_path / "nuclei.csv").read_text().splitlines()
    assert 100 < len(rows) < 160
    assert "area" in rows[0]


def test_the_commands_of_the_tutorial_on_classes_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("more", "more_labels"):
        (tmp_path / folder).mkdir()
    for seed in range(4):
        image, labels, classes = draw_phenotypes(seed=seed)
        tifffile.imwrite(f"more/w{seed}.tif", image + 40 * (seed % 2) * (labels > 0))
        tifffile.imwrite(f"more_labels/w{seed}.tif", labels.astype(np.uint16))
        if not seed:
            tifffile.imwrite("cells.tif", image)
            tifffile.imwrite("cells_labels.tif", labels.astype(np.uint16))
            given = "".join(f"{label},{'ab'[own]}\n" for label, own in list(classes.items())[:8])
            Path("examples.csv").write_text(f"label,class\n{given}")
    wells = "".join(f"w{i}.tif,{'xy'[i % 2]}\n" for i in range(4))
    Path("wells.csv").write_text(f"image,class\n{wells}")
    _run_commands("classes.md", "--no-network", of=("classify",))
    assert '"classification"' in Path("cells.geojson").read_text()
    assert [line.split(",")[1] for line in Path("wells_found.csv").read_text().splitlines()[1:]] == ["x", "y"] * 2


def test_the_commands_of_the_tutorial_on_restoration_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:48, :64]
    clean = (1000 + 400 * np.sin(y / 7) * np.cos(x / 9)).astype(np.uint16)
    noisy = clean + np.random.default_rng(0).integers(0, 50, clean.shape).astype(np.uint16)
    for name, pixels in (("noisy", noisy), ("bright", clean), ("phase", clean), ("dapi", noisy), ("other", clean)):
        tifffile.imwrite(f"{name}.tif", pixels)
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 1.0}
    tifffile.imwrite("stack.ome.tif", np.stack([clean] * 4), metadata={"axes": "ZYX", **size}, ome=True)
    _run_commands(
        "restoration.md",
        *["--max-steps", "2", "--base-channels", "4", "--depth", "1", "--patch", "32", "--batch-size", "2"],
    )
    assert tifffile.imread("fine.ome.tif").shape == (7, 48, 64)
    assert Path("other_stained_unsure.tif").exists()


def _run_commands(page: str, *more: str, of: tuple[str, ...] = ("restore",)) -> None:
    """The commands of a tutorial, with options that make those of a kind quick."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/tutorials" / page).read_text("utf8"), flags=re.DOTALL)
    for block in blocks:
        program, *arguments = shlex.split(block)
        assert program == "napari-unet"
        assert main([*arguments, *(more if arguments[0] in of else ())]) == 0, block


def test_every_page_is_in_the_site_and_every_page_of_the_site_exists() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf8")))
    assert named == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
