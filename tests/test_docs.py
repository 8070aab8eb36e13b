"""What README and docs promise: snippets run, links lead somewhere, options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from phenotypes import draw_phenotypes
from PIL import Image

from napari_unet.cli import build_parser, main
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.models.model_file import read_record
from napari_unet.workflows.adopting import check_folder, find_folders

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
    """On the sample that it speaks of."""
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
    for name, pixels in (
        ("noisy", noisy),
        ("bright", clean),
        ("phase", clean),
        ("dapi", noisy),
        ("other", clean),
        ("cells", clean),
    ):
        tifffile.imwrite(f"{name}.tif", pixels)
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 1.0}
    tifffile.imwrite("stack.ome.tif", np.stack([clean] * 4), metadata={"axes": "ZYX", **size}, ome=True)
    _run_commands(
        "restoration.md",
        *["--max-steps", "2", "--base-channels", "4", "--depth", "1", "--patch", "32", "--batch-size", "2"],
    )
    assert tifffile.imread("fine.ome.tif").shape == (7, 48, 64)
    assert Path("other_stained_unsure.tif").exists()


def _nuclei(folder: Path, *names: str, sample: str = "nuclei_2d", size: int = 96) -> None:
    """Parts of a sample under these names, each another one; of a z-stack three slices."""
    folder.mkdir(exist_ok=True)
    pixels = tifffile.imread(sample_path(sample))
    for number, name in enumerate(names):
        part = pixels[..., 96 * number : 96 * number + size, 128 : 128 + size]
        part, axes = (part[4:7], "ZYX") if part.ndim == 3 else (part, "YX")
        scale = {f"PhysicalSize{axis}": 1.0 if axis == "Z" else 0.3 for axis in axes}
        tifffile.imwrite(folder / name, part, ome=True, metadata={"axes": axes, **scale})


def test_the_commands_of_the_tutorial_on_z_stacks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _nuclei(tmp_path, "nuclei_3d.ome.tif", sample="nuclei_3d")
    _run_commands("z-stack.md")
    assert tifffile.imread("nuclei_3d_labels.tif").shape == (3, 96, 96)
    table = pd.read_csv("nuclei_3d.csv")
    assert {"area", "centroid-2"} <= set(table.columns), "an area in 3D is a volume, as scikit-image calls it"
    assert len(table) == len(np.unique(tifffile.imread("nuclei_3d_labels.tif"))) - 1 > 0


def test_the_commands_of_the_tutorial_on_time_lapses_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    movie = tifffile.imread(sample_path("nuclei_timelapse"))[:3, 64:192, 64:192]
    tifffile.imwrite("nuclei_timelapse.ome.tif", movie, ome=True, metadata={"axes": "TYX"})
    _run_commands("time-lapse.md")
    tracks = pd.read_csv("nuclei_timelapse_tracks.csv")
    tracked = tifffile.imread("nuclei_timelapse_labels.tif")
    assert set(tracks["track"]) == set(np.unique(tracked)) - {0}
    assert (tracks["frames"] == 3).sum() > 5, "ids that stay"
    assert len(list(Path("tracked").rglob("mask*.tif"))) == 3


def test_the_commands_of_the_tutorial_on_many_files_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _nuclei(tmp_path / "plate", "A1.ome.tif", "A2.ome.tif")
    _run_commands("many-files.md")
    table = pd.read_csv("plate.csv")
    assert set(table["image"].map(lambda name: Path(name).name)) == {"A1.ome.tif", "A2.ome.tif"}
    assert len(list(Path("out").glob("*_labels.tif"))) == 2


def test_the_commands_of_the_tutorial_on_new_cells_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _nuclei(tmp_path / "images", "a.ome.tif", "b.ome.tif")
    truth = tifffile.imread(sample_labels_path("nuclei_2d"))
    Path("masks").mkdir()
    for number, name in enumerate("ab"):
        tifffile.imwrite(f"masks/{name}.tif", truth[96 * number : 96 * number + 96, 128 : 128 + 96])
    _run_commands("new-cells.md", "--max-steps", "1", "--patch", "64", "--batch-size", "1", of=("finetune",))
    assert read_record("my-cells.safetensors").training is not None


def test_the_commands_and_files_of_the_tutorial_for_users_of_others_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _nuclei(tmp_path, "cells.tif")
    truth = tifffile.imread(sample_labels_path("nuclei_2d"))[:96, 128 : 128 + 96].astype(np.uint16)
    Image.fromarray(truth).save("cells_cp_masks.png")  # as Cellpose does
    images, masks = find_folders(tmp_path)
    [pair] = check_folder(images, masks).usable
    assert (pair.image.name, pair.labels.name) == ("cells.tif", "cells_cp_masks.png")
    assert main(["export", "cells_cp_masks.png", "--format", "geojson", "--output", "qupath"]) == 0
    [outlines] = Path("qupath").iterdir()
    outlines.rename("cells.geojson")
    _run_commands("coming-from.md")
    np.testing.assert_array_equal(tifffile.imread("cells_labels.tif") > 0, truth > 0)
    assert list(tmp_path.glob("cells*.zip")), "regions of interest for Fiji"


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
