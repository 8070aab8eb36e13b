"""What the monkey does: seeded actions as plain data, so that a script can be kept, cut and played again."""

from __future__ import annotations

import random
from typing import Any

KEYS = ["D", "I", "U", "K", "J", "W", "H", "N", "R", "S", "G", "T", "C", "Q", "A", "O", "Y", "Shift+A", "Shift+Q",
        "Shift+R", "Shift+G", "Shift+S", "Shift+B", "Shift+M", "Shift+N", "Shift+L", "P", "E", "F", "L", "M", "1", "2",
        "Ctrl+Z", "Ctrl+Z", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Shift+Z", "[", "]", "PgUp", "PgDown", "Delete", "Escape",
        "3", "9", "0", "."]  # fmt: skip
BUTTONS = ["segment", "estimate", "finetune", "stop", "question", "cancel", "ring", "message", "automatic", "keep",
           "use", "views", "small", "put away"]  # fmt: skip
LAYERS = ["remove", "remove labels", "remove reviewed", "remove image", "rename", "hide", "show", "reorder", "select",
          "select labels", "data", "data shape", "picture", "picture shape", "scale", "duplicate", "convert", "clear",
          "add 2d", "add stack", "add movie", "add colours"]  # fmt: skip
PLACES = {"image": 2, "segment": 2, "correct": 5, "finetune": 3, "track": 3, "classify": 3, "results": 4, "restore": 2,
          "strip": 3, "project_bar": 4, "pinned": 3, "windows": 6, "models_button": 1, "keys_button": 1}  # fmt: skip
WEIGHTS = {"stroke": 22, "click": 8, "key": 20, "button": 14, "press": 30, "layer": 13, "view": 8, "wait": 6, "text": 2,
           "rest": 2, "dock": 1}  # fmt: skip


def draw_script(seed: int, n: int) -> list[dict[str, Any]]:
    """`n` actions after an image was opened; the same for the same seed."""
    chance = random.Random(seed)
    kinds, weights = zip(*WEIGHTS.items(), strict=True)
    script = [{"do": "layer", "what": chance.choice(["add 2d", "add stack", "add movie"]), "at": 0.5}]
    if chance.random() < 0.8:
        script.append({"do": "labels"})
    while len(script) < n:
        script.append(_draw(chance, chance.choices(kinds, weights)[0]))
    return script


def _draw(chance: random.Random, kind: str) -> dict[str, Any]:
    def place() -> list[float]:
        return [round(chance.uniform(0.02, 0.98), 3) for _ in range(2)]

    if kind == "stroke":
        return {"do": kind, "from": place(), "to": place(), "shift": chance.random() < 0.05}
    if kind == "click":
        return {"do": kind, "at": place()}
    if kind == "key":
        return {"do": kind, "key": chance.choice(KEYS), "at": place()}
    if kind == "press":
        places, weights = zip(*PLACES.items(), strict=True)
        return {"do": kind, "where": chance.choices(places, weights)[0], "at": round(chance.random(), 3),
                "seed": chance.randrange(10**6)}  # fmt: skip
    if kind == "button":
        return {"do": kind, "what": chance.choice(BUTTONS), "at": round(chance.random(), 3)}
    if kind == "layer":
        # Who removes everything all the time sees little else.
        weights = [3 if what.startswith(("select", "show", "add")) else 1 for what in LAYERS]
        return {"do": kind, "what": chance.choices(LAYERS, weights)[0], "at": round(chance.random(), 3)}
    if kind == "view":
        return {"do": kind, "what": chance.choice(["slice", "slice", "3d", "2d", "2d", "zoom", "all", "roll"]),
                "at": round(chance.random(), 3)}  # fmt: skip
    if kind == "text":
        return {"do": kind, "text": chance.choice(["24,5", "abc", "30", "", "9 px", "XY", "YX", "ZYX", "TYX", "QQ"])}
    if kind in ("rest", "dock"):
        return {"do": kind}
    return {"do": "wait", "seconds": round(chance.uniform(0.02, 0.6), 2)}
