"""What README and docs promise: snippets run, links lead somewhere, options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

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


def test_every_page_is_in_the_site_and_every_page_of_the_site_exists() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf8")))
    assert named == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
