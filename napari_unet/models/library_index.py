"""What the library remembers beside its model files: the default, and what renamed files were before."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.new_files import replacing

_FILE = "library.json"


@dataclass(frozen=True)
class LibraryIndex:
    """`default` is a file name in the folder. `renamed` leads from a file's former hash to the one it has now."""

    default: str | None = None
    renamed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> LibraryIndex:
        """The index of `folder`; an empty one if there is none, or if it is damaged (it holds nothing vital)."""
        try:
            found = json.loads((folder / _FILE).read_text(encoding="utf8"))
            default, renamed = found.get("default"), dict(found.get("renamed", {}))
        except (OSError, ValueError, AttributeError, TypeError):
            return cls()
        return cls(default if isinstance(default, str) else None, renamed)

    def write(self, folder: Path) -> None:
        """Write the index into `folder`, whole or not at all."""
        try:
            with replacing(folder / _FILE) as partial:
                partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf8")
        except OSError as error:
            raise UserError(f"The folder for models, {folder}, cannot be written: {error.strerror}.") from error

    def with_renamed(self, old: str, new: str) -> LibraryIndex:
        return replace(self, renamed={**self.renamed, old: new})

    def current_hash(self, sha256: str) -> str:
        """The hash that the file once known by `sha256` has now."""
        seen = set()
        while sha256 in self.renamed and sha256 not in seen:
            seen.add(sha256)
            sha256 = self.renamed[sha256]
        return sha256
