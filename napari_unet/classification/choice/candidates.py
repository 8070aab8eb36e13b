"""Ways to learn classes: from which families of features, and by logistic regression or boosted trees."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.classification.object_features import INTENSITY, MEASURED, NETWORK, SHAPE, TEXTURE

_WORDS = {SHAPE: "shape", INTENSITY: "grey values", TEXTURE: "texture", NETWORK: "what the network sees"}


@dataclass(frozen=True)
class Candidate:
    """A way to learn: from which families of features, and how (`strength` None: boosted trees)."""

    families: tuple[str, ...]
    strength: float | None

    @property
    def method(self) -> str:
        *most, last = (words for family, words in _WORDS.items() if family in self.families)
        what = f"{', '.join(most)} and {last}" if most else last
        return f"{'boosted trees' if self.strength is None else 'logistic regression'} on {what}"


_LOOKS = (MEASURED, (*MEASURED, NETWORK), (SHAPE,), (INTENSITY, TEXTURE))
"""A class that is a matter of size alone drowns among features of everything else, however these are weighed."""
CANDIDATES = (
    *(Candidate(families, strength) for families in _LOOKS for strength in (5.0, 100.0)), Candidate(MEASURED, None),
)  # fmt: skip
