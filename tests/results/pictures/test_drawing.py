from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.pictures.config import PictureConfig
from napari_unet.results.pictures.drawing import colour_of, draw_picture
from napari_unet.results.pictures.panels import Panel, make_panel
from napari_unet.results.pictures.scale_bar import choose_bar

UM = {"scale": {"Y": 0.5, "X": 0.5}, "units": {"Y": "micrometer", "X": "micrometer"}}
# Without a bar, so that pixels of the picture are known; one pixel of the image is ten of the picture.
PLAIN = PictureConfig(width=400, colour="red", line_width=0.5, scale_bar=False, low=0, high=100)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((30, 40), np.int32)
    labels[10:20, 10:30] = 3
    return labels


def panel(labels: np.ndarray, config: PictureConfig, **known: object) -> Panel:
    grey = np.tile(np.linspace(0, 200, 40), (30, 1))
    return make_panel(Image(grey, "YX", **known), Image(labels, "YX"), config)


def test_outlines_lie_on_the_edges_of_pixels_and_greys_are_kept(labels: np.ndarray, tmp_path: Path) -> None:
    with Picture.open(draw_picture([panel(labels, PLAIN)], tmp_path / "a.png", PLAIN)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[:2] == (300, 400)
    red = (pixels[..., 0] - pixels[..., 1]) > 60
    rows, columns = np.nonzero(red)
    np.testing.assert_allclose([rows.min(), rows.max(), columns.min(), columns.max()], [100, 200, 100, 300], atol=2)
    assert not red[110:190, 110:290].any()
    assert abs(pixels[250, 5, 1] - 0) <= 2  # the darkest and the brightest column
    assert abs(pixels[250, 395, 1] - 255) <= 2


def test_pdf_and_svg_hold_lines_and_are_the_same_twice(labels: np.ndarray, tmp_path: Path) -> None:
    config = PictureConfig(width=400, colour="objects")
    shown = panel(labels, config, **UM)
    for ending in ("svg", "pdf"):
        first, second = (draw_picture([shown], tmp_path / f"{n}.{ending}", config).read_bytes() for n in "ab")
        assert first == second
    svg = (tmp_path / "a.svg").read_text()
    assert "5 \u00b5m" in svg  # a quarter of 40 x 0.5 um
    red, green, blue = (round(255 * part) for part in colour_of(3))
    assert f"#{red:02x}{green:02x}{blue:02x}" in svg
    assert re.search(r"stroke-linejoin: round", svg)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_pixel_size_there_is_no_bar(labels: np.ndarray, tmp_path: Path) -> None:
    config = PictureConfig(width=400)
    assert panel(labels, config).pixel_um is None
    assert "\u00b5m" not in draw_picture([panel(labels, config)], tmp_path / "a.svg", config).read_text()


@pytest.mark.parametrize(
    ("width", "length", "text"), [(100, 20, "20 µm"), (20.0, 5, "5 µm"), (1.3, 0.2, "200 nm"), (9000, 2000, "2 mm")]
)
def test_bars_are_round_numbers_up_to_a_quarter_of_the_width(width: float, length: float, text: str) -> None:
    bar = choose_bar(width)
    assert bar is not None
    assert bar.length_um == pytest.approx(length)
    assert bar.text == text
    assert choose_bar(0) is None


def test_stacks_show_the_middle_and_rgb_its_colours() -> None:
    stack = np.zeros((5, 4, 4), np.uint8)
    stack[2, 1, 1] = 9
    config = PictureConfig(low=0, high=100)
    assert make_panel(Image(stack, "ZYX"), None, config).pixels[1, 1] == 1
    assert make_panel(Image(stack, "ZYX"), None, config, plane=(1,)).pixels.max() == 0
    with pytest.raises(UserError, match="no slice 7: give one from 0 to 4"):
        make_panel(Image(stack, "ZYX"), None, config, plane=(7,))
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[..., 1] = 255
    np.testing.assert_allclose(make_panel(Image(rgb, "YXS"), None, config).pixels[0, 0], (0, 1, 0))
    with pytest.raises(UserError, match="they must agree"):
        make_panel(Image(stack, "ZYX"), Image(np.zeros((4, 4), int), "YX"), config)


def test_the_command_draws_a_montage_before_and_after(
    tmp_path: Path, labels: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    from napari_unet.cli import main

    for folder in ("images", "old", "new"):
        (tmp_path / folder).mkdir()
        for name in "ab":
            array = labels if folder == "new" else np.zeros_like(labels)
            tifffile.imwrite(tmp_path / folder / f"{name}.tif", array.astype(np.uint8))
    command = [
        "picture",
        str(tmp_path / "images"),
        "--labels",
        str(tmp_path / "new"),
        "--before",
        str(tmp_path / "old"),
    ]
    assert main([*command, "--output", str(tmp_path / "m.png"), "--width", "300", "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert (answer["panels"], answer["outlined"]) == (4, 2)
    with Picture.open(tmp_path / "m.png") as picture:
        width, height = picture.size
    assert width == 300
    assert abs(height - (2 * (146 * 0.75 + 34) + 8)) <= 1
    assert main([*command, "--output", str(tmp_path / "m.doc")]) == 2
    assert "end it with .png, .pdf, .svg" in capfd.readouterr().err
