"""Give the kinds of a model the small pictures by which the window shows what each is for; weights stay as they are.

    python scripts/add_pictures.py cells-2d.safetensors --output pictured.safetensors \
        --kind nuclei IMAGE LABELS --kind cells IMAGE LABELS
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.recorded.picture import draw_kind


def draw(image: Path, labels: Path) -> bytes:
    """The picture of an image file with its labels."""
    read = read_image(image)
    return draw_kind(read.plane(()), np.asarray(read_labels(labels, read.select_channel(None))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--kind", nargs=3, action="append", required=True, metavar=("NAME", "IMAGE", "LABELS"))
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model = load_model_file(args.model)
    pictures = {name: draw(Path(image), Path(labels)) for name, image, labels in args.kind}
    unknown = set(pictures) - set(model.record.kind_names)
    if unknown:
        parser.error(
            f"{model.name} has no kind {', '.join(sorted(unknown))}, only {', '.join(model.record.kind_names)}"
        )

    def pictured(kind: Model) -> Model:
        return replace(kind, picture=pictures.get(kind.record.kind_name, kind.picture))

    saved = save_model(
        replace(pictured(model), others=tuple(pictured(kind) for kind in model.others)), args.output, half=True
    )
    print(f"{saved.path}: {args.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
