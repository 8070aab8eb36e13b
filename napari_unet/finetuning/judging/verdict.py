"""Which of several candidates to keep, and what the head says came of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.heads.head import Head
from napari_unet.heads.outcome import Outcome, Verdict, rank
from napari_unet.labels.evidence import Score


def reach_verdict(outcome: Outcome, head: Head) -> Verdict:
    """Whether the new model is better, and the sentences that say so."""
    if outcome.steps == 0:
        return Verdict(False, "Stopped before the first step, so the new model is the same as the old one.")
    return head.judge(outcome)


def choose_candidate(scores: Sequence[Score]) -> int:
    """Which of several scored weights to keep: the latest that is as good as the best, within its standard error.

    The best of many scores on few objects is partly luck, and the latest weights have learned most (Breiman's rule of
    one standard error).
    """
    best = max(scores, key=rank)
    share = min(max(rank(best), 0.05), 0.95)
    error = float(np.sqrt(share * (1 - share) / max(1, best.n_objects)))
    return max(i for i, score in enumerate(scores) if rank(score) >= rank(best) - error)
