"""What the window of classes of images reads: an image of its table into the canvas, and a saved classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.classification.marked import MOST_CLASSES
from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.ui.classify.images_learning import or_sentence
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.running.threads import run_errand

if TYPE_CHECKING:
    from napari_unet.classification.classifier import Classifier
    from napari_unet.ui.session.session import Session
    from napari_unet.ui.widgets.step import MessageLine


def open_image(session: Session, path: Path, message: MessageLine) -> None:
    """Read an image beside the window and work on it; `message` says why it cannot be read."""
    from napari_unet.images.files.reading import read_image

    def show(image: Any) -> None:
        if isinstance(image, Failed):
            message.show_text(image.message, "error", None)
            return
        data, options, _ = image_to_layer(image)
        session.work_on(session.viewer.add_image(data, **options))

    run_errand(or_sentence(lambda: read_image(path)), show)


def read_shown_classifier(path: Path) -> Classifier:
    """A saved classifier; raises `UserError` if it is none, or has more classes than the window has keys for."""
    from napari_unet.classification.classifier_file import load_classifier

    classifier = load_classifier(path)
    if len(classifier.class_names) > MOST_CLASSES:
        raise UserError(
            f"This classifier has {len(classifier.class_names)} classes, and the window shows {MOST_CLASSES} at most: "
            "use it with napari-unet classify --whole-images."
        )
    return classifier
