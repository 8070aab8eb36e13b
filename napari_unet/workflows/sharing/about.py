"""Who made the models of this computer, and how they are to be cited: asked once, then remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_unet.errors import UserError, require
from napari_unet.models.library import models_dir
from napari_unet.new_files import new_file

_FILE = "about.json"


class About(BaseModel):
    """What goes with a model that is given to others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authors: tuple[str, ...] = Field((), title="Authors", description="Who made the model, commas between the names.")
    affiliation: str = Field("", title="Institution", description="Where they work.")
    licence: str = Field(
        "CC-BY-4.0",
        pattern=r"^[A-Za-z0-9.+-]+$",
        title="Licence",
        description="What others may do with it, by its SPDX name: CC-BY-4.0 lets them use it if they name you.",
    )
    citation: str = Field("", title="Citation", description="The paper to be cited, if there is one.")
    doi: str = Field(
        "", pattern=r"^(10\.\d{4,9}/\S+)?$", title="DOI", description="Of that paper: 10.1038/s41592-018-0261-2."
    )


def read_about() -> About:
    """What was said last; nothing if that was never asked, or cannot be read."""
    try:
        return About.model_validate(json.loads(_path().read_text(encoding="utf8")))
    except (OSError, ValueError, ValidationError):
        return About()


def remember_about(about: About) -> None:
    """Keep `about` for the next time."""
    with new_file(_path()) as partial:
        partial.write_text(about.model_dump_json(indent=1), encoding="utf8")


def said_about(said: dict[str, Any]) -> About:
    """What was `said` now, with what was said before in place of what was not (None); remembered from now on.

    Raises
    ------
    UserError
        If something of it cannot be, or no author was ever named.
    """
    given = {name: value for name, value in said.items() if value is not None}
    try:
        about = About.model_validate(read_about().model_dump() | given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        field = About.model_fields[name]
        raise UserError(f"{field.title} {given.get(name)!r} will not do. {field.description}") from error
    require(about.authors, "Say who made the model, for others to know: name at least one author (--author NAME).")
    remember_about(about)
    return about


def _path() -> Path:
    return models_dir() / _FILE
