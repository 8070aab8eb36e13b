"""What came of a fine-tuning: the scores of the old and the new model, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.heads.survey import Survey
from napari_unet.labels.evidence import Score, ScoreDifference, compare_evidence

TOO_FEW = 5
"""Held-out objects below which not finding them is as likely chance as anything: they are the ones that were wrong."""
ENOUGH = 8
"""Held-out objects from which on a gain may be told: on fewer, one object is more than an eighth of the score, and the
weights that are scored were chosen on the same few (docs/benchmarks.md has what was told of five to seven)."""


LEAST_EVEN = 10
"""Objects that are both drawn and found, below which nothing is said of how evenly they were drawn."""
_UNEVEN = 1.0  # pixels: less is as even as anybody draws


@dataclass(frozen=True)
class Evenness:
    """Of `n_objects` that a person drew and the new model found: how far the outlines are apart in the middle
    (`offset`, pixels of radius), and by how much that differs from object to object (`spread`).

    The model draws all objects by one rule, so what differs is mostly the hand.
    """

    offset: float
    spread: float
    n_objects: int

    @property
    def is_uneven(self) -> bool:
        """Whether the person's outlines differ among themselves more than the model's from them."""
        return self.n_objects >= LEAST_EVEN and self.spread > max(_UNEVEN, 1.5 * self.offset)

    @property
    def sentence(self) -> str:
        """For who drew unevenly."""
        return (
            f"Your outlines differ among themselves more than the model's from them (by {self.spread:.1f} px, and "
            f"{self.offset:.1f} px): draw all objects to the same edge, and there is more to learn."
        )


@dataclass(frozen=True)
class Kept:
    """Of the `n_objects` that the old model finds where nobody reviewed, the `share` that the new one finds too."""

    share: float
    n_objects: int

    @property
    def sentence(self) -> str:
        """What was lost, to go on after a colon."""
        lost = self.n_objects - round(self.share * self.n_objects)
        return f"the new model no longer finds {lost} of {self.n_objects} objects that nobody deleted."


@dataclass(frozen=True)
class Outcome:
    """Scores of the old and the new model: on held-out objects (None: none were held out), on the objects learned from
    (only then, and of the new model where few were held out), and on images of the base model's own kinds (None: it has
    no replay set). `n_known` is how many of the held-out objects the old model has learned from before. `evenness`
    is that of the outlines learned from; `kept` was looked at where objects were deleted and nothing else was done.
    `n_shared` is of how many images some objects were learned from and others held out: scores speak of these alone."""

    steps: int
    survey: Survey
    before: Score | None = None
    after: Score | None = None
    learned_before: Score | None = None
    learned_after: Score | None = None
    base_before: Score | None = None
    base_after: Score | None = None
    n_known: int = 0
    evenness: Evenness | None = None
    kept: Kept | None = None
    n_shared: int = 0

    @property
    def n_scored_images(self) -> int:
        """Of how many images the held-out objects are; 0: it is not known."""
        evidence = None if self.after is None else self.after.evidence
        return 0 if evidence is None else len({image for image, _ in evidence.keys})

    @property
    def change(self) -> ScoreDifference | None:
        """How much better the new model is on the held-out objects, and how sure that is."""
        if self.before is None or self.after is None or self.before.evidence is None or self.after.evidence is None:
            return None
        return compare_evidence(self.before.evidence, self.after.evidence, wary=True)


@dataclass(frozen=True)
class Verdict:
    """`better` is None if it cannot be known; `sentence` is for the user.

    `cautious`: where it cannot be known, what came of it is reason to stay with the old model meanwhile.
    """

    better: bool | None
    sentence: str
    change: ScoreDifference | None = None
    cautious: bool = False


def rank(score: Score) -> float:
    """What the best weights are chosen by: objects found, and outlines followed."""
    return 0.5 * (score.ap50 + score.mean_ap)
