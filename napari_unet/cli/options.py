"""Options of the command line, made from the configs that define each parameter once."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from napari_unet.errors import UserError
from napari_unet.images.channels import ModelInput, model_input
from napari_unet.images.image import Image
from napari_unet.models.record import ModelRecord

Config = TypeVar("Config", bound=BaseModel)

_SIGNS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_FLAGS = {"stack": "as", "runtime": "engine"}  # what reads better than the parameter's name
_UNFIT = {
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "bool_parsing": "yes or no",
}


def add_general(parser: argparse.ArgumentParser) -> None:
    """What every command understands."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, for machines")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, only the answer")


def add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of images")
    parser.add_argument(
        "--labels", type=Path, required=True, metavar="DIR", help="folder of label images of the same base names"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="M",
        help="a model's name in the library, or a .safetensors file (default: the default model)",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How image files are to be understood."""
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYXS, if they do not say")
    parser.add_argument(
        "--channel", metavar="N", type=int, help="channel to work on, counted from 1 (default: the first)"
    )
    parser.add_argument(
        "--incomplete", action="store_true", help="read what is whole of files of which planes are missing"
    )


def add_parameters(parser: argparse.ArgumentParser, config: type[BaseModel], names: dict[str, str]) -> None:
    """Add an option for each parameter of `config` in `names` (parameter -> metavar); texts and bounds are its own."""
    for name, metavar in names.items():
        parser.add_argument(_flag(name), dest=name, metavar=metavar, help=_help(config, name))


def read_config(args: argparse.Namespace, config: type[Config], names: Iterable[str]) -> Config:
    """The `config` that the options say; "auto" leaves an optional parameter open. Raises `UserError`."""
    given: dict[str, Any] = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    for name, value in given.items():
        if value == "auto" and config.model_fields[name].default is None:
            given[name] = None
    try:
        return config(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise UserError(
            f"{_flag(name)} {given[name]} is not possible: it must be {_demand(config, name, first)}."
        ) from None


def check_channel(image: Image, channel: int | None) -> int | None:
    """`channel`, counted from 1 as in the window, as an index; None stays None. Raises `UserError` if there is none."""
    count = image.sizes.get("C", 1)
    if channel is not None and not 1 <= channel <= count:
        has = "1 channel" if count == 1 else f"{count} channels"
        last = "1" if count == 1 else f"1 to {count}"
        raise UserError(f"{image.name} has {has}, so there is no channel {channel}: give {last}.")
    return None if channel is None else channel - 1


def read_input(path: Path, args: argparse.Namespace, record: ModelRecord) -> ModelInput:
    """What the model of `record` sees of the image at `path`: the channel asked for, or all it looks at together."""
    image, channel = read_with_channel(path, args)
    return model_input(image, record.channel_counts, channel)


def read_with_channel(path: Path, args: argparse.Namespace) -> tuple[Image, int | None]:
    """The image at `path`, and the index of the channel asked for."""
    from napari_unet.images.files.reading import read_image

    image = read_image(path, args.axes, args.incomplete)
    return image, check_channel(image, args.channel)


def _flag(name: str) -> str:
    return "--" + _FLAGS.get(name, name.replace("_", "-"))


def _help(config: type[BaseModel], name: str) -> str:
    field = config.model_fields[name]
    title, about = (field.title or name).lower(), (field.description or "").rstrip(".")
    words = f"{title}: {about[0].lower()}{about[1:]}" if about else title
    default = "auto" if field.default is None else field.default
    bounds = _bounds(config, name)
    told = f"{words} ({bounds + '; ' if bounds else ''}default: {default})"
    # a field of the window that is left empty is an option that is "auto"
    return told.replace("empty:", "auto:").replace("%", "%%")


def _bounds(config: type[BaseModel], name: str) -> str:
    """ "at least 2, at most 86400", from the parameter's own limits."""
    found = []
    for limit in config.model_fields[name].metadata:
        found += [f"{words} {getattr(limit, sign)}" for sign, words in _SIGNS.items() if hasattr(limit, sign)]
    return ", ".join(found)


def _demand(config: type[BaseModel], name: str, error: Any) -> str:
    """What the parameter must be, after pydantic's `error`."""
    kind = _UNFIT.get(error["type"])
    bounds = _bounds(config, name)
    if kind:
        return f"{kind}, {bounds}" if bounds else kind
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"]).replace("'", "")
    pattern = error.get("ctx", {}).get("pattern")
    if pattern:
        return " or ".join(pattern.strip("^$()").split("|"))
    return bounds or error["msg"]
