"""How many minutes a person would have taken for a line of `effort.py`: what the hand does, and what is waited for.

The simulated user of `effort.py` counts objects. A person does not take the same time for each: a false label is
deleted by one click, a missed object is drawn. This is a model of a hand, not a measurement of people; all of it is
assumed but for the times of its parts (Card, Moran and Newell, The keystroke-level model, CACM 23:396, 1980: a key
0.28 s, pointing 1.1 s, making up one's mind 1.35 s):

- An image takes `LOOK` seconds to open and to look over (assumed), each time that it is opened.
- A mistake takes `FIND` to notice and to point at: one decision and one pointing.
- What is missed, or has a wrong outline, is drawn: `STROKE` to press and let go, and the outline's length at `TRACE`
  pixels of the screen a second (assumed: four tenths of what `clicks.py` has for a free stroke, as an outline has to be
  followed). The user zooms until a typical object is `WIDE` pixels wide on the screen (assumed), so that only how large
  an object is beside the others counts. A wrong outline is deleted first.
- A false label is deleted: `DELETE`, a click and a key.
- Of merged objects each takes one cut, and a split one a stroke that joins its parts: `STROKE` and the width of an
  object at `FREE` pixels a second. The simulated user draws these anew; a person has the tools, and an outline that
  is off by a pixel or two makes no difference (`noisy`).
- Labelling *densely*, or all of an image, is drawing one object after the other: no mistake has to be noticed first.
- Fine-tunings are waited for, as long as they took.

Nothing is counted for tiredness, breaks or a second thought, so that it is a least time; its use is to compare ways.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

KEY, POINT, DECIDE, BUTTON = 0.28, 1.1, 1.35, 0.2  # seconds; a button is pressed and let go
LOOK = 5.0  # seconds for an image
FIND = DECIDE + POINT
DELETE = BUTTON + KEY
STROKE = 0.3
TRACE, FREE = 100.0, 250.0  # pixels of the screen a second
WIDE = 60.0  # pixels of the screen
JOIN = STROKE + WIDE / FREE
_ROUND = math.pi  # how long the outline of a disc is, in diameters
_PER_IMAGE = 5


def draw_seconds(outline: float = _ROUND) -> float:
    """To draw an outline that is so long in diameters of a typical object."""
    return STROKE + outline * WIDE / TRACE


def correction_seconds(kind: str, outline: float = _ROUND) -> float:
    """To notice one mistake of a kind (`simulated_user.KINDS`), and to make it good."""
    drawn = draw_seconds(outline)
    return FIND + {"missed": drawn, "outline": DELETE + drawn, "false": DELETE}.get(kind, JOIN)


def hand_seconds(row: Mapping[str, Any]) -> float | None:
    """What the hand took for a line of results.jsonl; None if it does not say what was done.

    Lines of former versions say neither how often images were opened nor how long outlines were: an image is then
    taken to be opened for each five corrections, and each object to be round.
    """
    if row["arm"] == "base":
        return 0.0
    if kinds := row.get("kinds"):
        drawn = sum(number for kind, number in kinds.items() if kind != "false")
        outline = row["outlines"] / drawn if row.get("outlines") and drawn else _ROUND
        opened = row.get("opened", math.ceil(row["corrected"] / _PER_IMAGE))
        return float(LOOK * opened + sum(n * correction_seconds(kind, outline) for kind, n in kinds.items()))
    labelled = row.get("labelled", row["k"])
    if not labelled:
        return None
    images = row.get("images", math.ceil(labelled / _PER_IMAGE))
    return float(LOOK * images + labelled * (POINT + draw_seconds()))


def minutes(row: Mapping[str, Any]) -> float:
    """Of hand and waiting; NaN if it cannot be known."""
    hand = hand_seconds(row)
    return math.nan if hand is None else (hand + float(row["total"])) / 60
