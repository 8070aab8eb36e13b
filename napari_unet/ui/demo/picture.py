"""The picture of the demo: image, labels before, corrections and labels after, of one slice."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from skimage.segmentation import find_boundaries

SCALE = 2  # picture pixels for one of the image
MARGIN, TITLE, FOOT = 28, 46, 46
_OPACITY = 0.5
_REVIEWED = np.array([51, 217, 255], np.float32)

Rgb = npt.NDArray[np.uint8]


def grey_to_rgb(plane: npt.NDArray[Any]) -> Rgb:
    """A grey plane (Y, X) as uint8 RGB, `SCALE` times enlarged, its brightest and darkest half per cent cut off."""
    low, high = np.percentile(plane, (0.5, 99.5))
    grey = np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    size = (plane.shape[1] * SCALE, plane.shape[0] * SCALE)
    enlarged = Image.fromarray((255 * grey).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(enlarged.convert("RGB"))


def draw_labels(picture: Rgb, labels: npt.NDArray[Any], colormap: Any) -> Rgb:
    """Colour the objects of a plane (Y, X), each with a bright outline; `colormap.map` gives RGBA from 0 to 1."""
    large = np.kron(labels, np.ones((SCALE, SCALE), labels.dtype))
    colours = 255 * np.asarray(colormap.map(large))[..., :3].astype(np.float32)
    opacity = np.where(find_boundaries(large, mode="inner"), 1.0, _OPACITY)[..., None] * (large > 0)[..., None]
    return (picture * (1 - opacity) + colours * opacity).astype(np.uint8)


def draw_reviewed(picture: Rgb, reviewed: npt.NDArray[np.bool_], fill: float = 0.18) -> Rgb:
    """Outline what was reviewed (Y, X), and tint it."""
    large = np.kron(reviewed, np.ones((SCALE, SCALE), bool))
    edge = large & ~ndimage.binary_erosion(large, iterations=2 * SCALE)
    opacity = np.where(edge, 1.0, fill * large)[..., None]
    return (picture * (1 - opacity) + _REVIEWED * opacity).astype(np.uint8)


def draw_scale_bar(picture: Rgb, pixel_um: float, length_um: float = 20.0) -> Rgb:
    """A white bar of `length_um` in the lower left corner."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    width, bottom = round(length_um / pixel_um * SCALE), picture.shape[0] - 18
    draw.rectangle((14, bottom - 40, 14 + max(width, 90) + 16, bottom + 10), fill=(0, 0, 0))
    draw.rectangle((22, bottom - 4, 22 + width, bottom + 2), fill=(255, 255, 255))
    draw.text((22, bottom - 36), f"{length_um:.0f} um", fill=(255, 255, 255), font=ImageFont.load_default(24))
    return np.asarray(image)


def join_panels(panels: dict[str, Rgb], sentence: str) -> Image.Image:
    """Panels with their titles, two a row, and a sentence below."""
    height, width = next(iter(panels.values())).shape[:2]
    columns, rows = 2, (len(panels) + 1) // 2
    size = (MARGIN + columns * (width + MARGIN), MARGIN + rows * (height + TITLE + MARGIN) + FOOT)
    sheet = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for number, (title, panel) in enumerate(panels.items()):
        x = MARGIN + (number % columns) * (width + MARGIN)
        y = MARGIN + (number // columns) * (height + TITLE + MARGIN)
        draw.text((x, y), title, fill=(20, 20, 20), font=ImageFont.load_default(30))
        sheet.paste(Image.fromarray(panel), (x, y + TITLE))
    draw.text((MARGIN, size[1] - FOOT - 6), sentence, fill=(20, 20, 20), font=ImageFont.load_default(26))
    return sheet
