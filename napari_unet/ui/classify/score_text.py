"""How good a classifier of objects is, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unet.classification.classifier import Classifier, ClassifierScore


def score_sentence(classifier: Classifier, score: ClassifierScore | None) -> str:
    """How good it is on examples that were held out, and how it decides."""
    how = f"By {classifier.method}."
    if score is None:
        return f"{how} How good it is cannot be known yet: give more examples."
    images = "1 image" if score.n_images == 1 else f"{score.n_images} images"
    return (
        f"Right in {100 * score.balanced_accuracy:.0f} % of the examples that were held back, each class counted alike "
        f"({score.n_examples} of {images}; guessing would be right in {100 / len(score.confusion):.0f} %). {how}"
    )


def confusion_html(names: Sequence[str], score: ClassifierScore) -> str:
    """A table: a row a class that was given, a column a class that was found."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th align='left'>{escape(name)}</th>{''.join(_cell(int(n), i == j) for j, n in enumerate(row))}</tr>"
        for i, (name, row) in enumerate(zip(names, score.confusion, strict=True))
    )
    return f"<table cellpadding='3'><tr><td>given \\ found</td>{head}</tr>{rows}</table>"


def _cell(n: int, right: bool) -> str:
    return f"<td align='right'>{f'<b>{n}</b>' if right else n}</td>"
