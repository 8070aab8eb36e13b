"""What can be measured of an object: each column once, with its name, unit and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from pydantic import BaseModel, ConfigDict

from napari_unet.errors import UserError


class Unit(Enum):
    """How a column's unit follows from that of the pixel size."""

    NONE = "none"
    PIXELS = "pixels"
    LENGTH = "length"
    SIZE = "size"  # an area in 2D, a volume in 3D
    GREY = "grey value"


class Per(Enum):
    """How many columns of a table one of ours becomes."""

    OBJECT = "object"
    AXIS = "axis"
    BOX = "box"  # two an axis
    CHANNEL = "channel"


class Column(BaseModel):
    """A measurement: `name` is scikit-image's where it has one, `about` is for who has never heard of it."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    about: str
    unit: Unit = Unit.NONE
    per: Per = Per.OBJECT
    ndims: tuple[int, ...] = (2, 3)
    default: bool = False


_FLAT = (2,)
COLUMNS: tuple[Column, ...] = (
    Column(name="area", title="Area or volume", about="How large the object is.", unit=Unit.SIZE, default=True),
    Column(name="num_pixels", title="Pixels", about="How many pixels the object has.", unit=Unit.PIXELS),
    Column(
        name="equivalent_diameter_area", title="Equivalent diameter", unit=Unit.LENGTH, default=True,
        about="Diameter of the circle (in 3D the ball) that is as large.",
    ),
    Column(
        name="feret_diameter_max", title="Feret diameter", unit=Unit.LENGTH, default=True,
        about="The longest straight line between two points of its outline; slow in 3D.",
    ),
    Column(
        name="perimeter", title="Perimeter", unit=Unit.LENGTH, ndims=_FLAT, default=True,
        about="Length of the outline, holes included; not known where rows and columns have different pixel sizes.",
    ),
    Column(
        name="axis_major_length", title="Major axis", unit=Unit.LENGTH,
        about="Length of the longest axis of the ellipse with the same second moments.",
    ),
    Column(
        name="axis_minor_length", title="Minor axis", unit=Unit.LENGTH,
        about="Length of the shortest axis of the ellipse with the same second moments.",
    ),
    Column(
        name="aspect_ratio", title="Aspect ratio", default=True,
        about="Major by minor axis: 1 is round, 2 is twice as long as wide.",
    ),
    Column(
        name="eccentricity", title="Eccentricity", ndims=_FLAT, default=True,
        about="Of the ellipse with the same second moments: 0 is a circle, near 1 a line.",
    ),
    Column(
        name="circularity", title="Circularity", ndims=_FLAT, default=True,
        about="4 pi area / perimeter squared: 1 is a circle, less is longer or rougher; at most 1, as in ImageJ.",
    ),
    Column(
        name="solidity", title="Solidity", default=True,
        about="Share of its convex hull that it fills: less than 1 with bays and arms; slow in 3D.",
    ),
    Column(name="extent", title="Extent", about="Share of its bounding box that it fills."),
    Column(
        name="centroid", title="Centre", unit=Unit.LENGTH, per=Per.AXIS, default=True,
        about="Centre of mass, from the middle of the first pixel; axes in the order of the image (Z, Y, X).",
    ),
    Column(
        name="bbox", title="Bounding box", unit=Unit.PIXELS, per=Per.BOX,
        about="First pixel along each axis, then one after the last.",
    ),
    Column(
        name="intensity_mean", title="Mean intensity", unit=Unit.GREY, per=Per.CHANNEL, default=True,
        about="Mean of the grey values in the object.",
    ),
    Column(name="intensity_min", title="Lowest intensity", unit=Unit.GREY, per=Per.CHANNEL, about="Its darkest pixel."),
    Column(
        name="intensity_max", title="Highest intensity", unit=Unit.GREY, per=Per.CHANNEL, default=True,
        about="Its brightest pixel.",
    ),
    Column(
        name="intensity_std", title="Spread of intensity", unit=Unit.GREY, per=Per.CHANNEL,
        about="Standard deviation of the grey values in the object.",
    ),
    Column(
        name="intensity_sum", title="Integrated intensity", unit=Unit.GREY, per=Per.CHANNEL,
        about="Sum of the grey values in the object.",
    ),
    Column(
        name="neighbors", title="Touching neighbours", default=True,
        about="How many other objects share an edge of a pixel with it.",
    ),
    Column(
        name="neighbors_within", title="Neighbours within a distance",
        about="How many other objects have their centre within the distance that you give.",
    ),
    Column(
        name="neighbor_distance", title="Nearest neighbour", unit=Unit.LENGTH,
        about="Distance from its centre to that of the nearest other object.",
    ),
    Column(
        name="distance_to_border", title="Distance to the border", unit=Unit.LENGTH, default=True,
        about="From its edge to the nearest border of the image; 0: it may be cut.",
    ),
    Column(
        name="parent", title="Parent object", default=True,
        about="The object of a second label image in which most of it lies (the cell of a nucleus); 0: none.",
    ),
    Column(
        name="class", title="Class", default=True,
        about="The class of an image of classes in which most of it lies; 0: none.",
    ),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}
DEFAULT_NAMES = tuple(column.name for column in COLUMNS if column.default)


def choose_columns(names: Iterable[str], ndim: int) -> list[Column]:
    """The columns called `names` that objects of `ndim` axes have, in the order of the list.

    "default" and "all" stand for many. Raises `UserError` for a name that there is not.
    """
    wanted: set[str] = set()
    for name in names:
        if name in ("default", "all"):
            wanted |= set(DEFAULT_NAMES if name == "default" else BY_NAME)
        elif name in BY_NAME:
            wanted.add(name)
        else:
            raise UserError(f"There is no column {name!r}: choose from default, all, {', '.join(BY_NAME)}.")
    return [column for column in COLUMNS if column.name in wanted and ndim in column.ndims]


def spread_names(column: Column, ndim: int, n_channels: int) -> list[str]:
    """The names that `column` has in a table, as scikit-image spreads them: "centroid-0", "centroid-1"."""
    if column.per is Per.CHANNEL:
        return [column.name] if n_channels == 1 else [f"{column.name}-{number}" for number in range(n_channels)]
    count = {Per.OBJECT: 0, Per.AXIS: ndim, Per.BOX: 2 * ndim}[column.per]
    return [f"{column.name}-{number}" for number in range(count)] if count else [column.name]


def unit_text(column: Column, length: str, ndim: int) -> str:
    """Unit of `column` for a table whose lengths are in `length` ("um" or "px"); "" if it has none."""
    if column.unit is Unit.SIZE:
        return f"{length}^{ndim}"
    return {Unit.NONE: "", Unit.PIXELS: "px", Unit.LENGTH: length, Unit.GREY: "grey value"}[column.unit]
