"""Whether forecasts come true: how often they are right within their margin, and how often nothing is said.

    python benchmarks/forecast.py [--sessions 1000] [--seed 0] [--curves RESULTS.jsonl ...]

Simulated sessions: a curve is drawn by chance (a power of the number of objects or an exponential; its beginning, its
end, and how many objects half of the way takes), and after each of some rounds of corrections the score is measured on
so many held-out objects as a session of that size has, with what chance does to it. The forecast after each of the
rounds is compared with the curve itself. `--curves` are results of `effort.py`: the AP@0.5 of each type, order and arm
after 0, 5, 10, 25 ... objects; the forecast from all but the last point is compared with the last one, as far as it is
about no more objects than that. Prints a table: rounds, forecasts told, right, and the median margin.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from napari_unet.finetuning.forecast import CurvePoint, Forecast, forecast

Law = Callable[[float], float]
_MOST = 1000  # objects, after which a curve counts as never reaching a score


def draw_law(random: np.random.Generator) -> Law:
    """A learning curve."""
    start, half = random.uniform(0, 0.6), random.uniform(4, 60)
    top = start + random.uniform(0.15, 1) * (0.97 - start)
    power = np.inf if random.random() < 0.5 else random.uniform(0.5, 2.5)

    def score(n: float) -> float:
        left = 0.5 ** (n / half) if np.isinf(power) else (1 + n * (2 ** (1 / power) - 1) / half) ** -power
        return float(top - (top - start) * left)

    return score


def rounds(law: Law, random: np.random.Generator) -> Iterator[list[CurvePoint]]:
    """The scores after each round of one session, as they are measured."""
    known: list[CurvePoint] = []
    n = 0
    share = random.uniform(0.25, 1.0)  # held out, in objects for each that is learned from
    for _ in range(int(random.integers(3, 9))):
        n_scored = max(8, round(share * max(n, 20)))
        score = random.binomial(n_scored, law(n)) / n_scored + random.normal(0, 0.02)
        known.append(CurvePoint(n, float(np.clip(score, 0, 1)), n_scored))
        yield list(known)
        n += int(random.integers(8, 30))


def is_right(said: Forecast, law: Law, last: int) -> bool:
    """Whether the curve is where the forecast says, within its margin."""
    if said.score is not None:
        return abs(law(last + said.more) - said.target) <= said.score
    enough = next((more for more in range(_MOST) if law(last + more) >= said.target), None)
    return enough is not None and said.objects is not None and abs(enough - said.more) <= said.objects


def simulate(sessions: int, seed: int) -> dict[int, list[tuple[Forecast | None, bool]]]:
    """The forecasts after each number of points, and whether they are right."""
    random = np.random.default_rng(seed)
    found: dict[int, list[tuple[Forecast | None, bool]]] = defaultdict(list)
    for _ in range(sessions):
        law = draw_law(random)
        for known in rounds(law, random):
            said = forecast(known)
            right = said is not None and is_right(said, law, known[-1].n_objects)
            found[len(known)].append((said, right))
    return found


def read_curves(paths: list[Path], n_scored: int) -> list[list[CurvePoint]]:
    """The curves that `effort.py` left."""
    rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    curves: dict[tuple[str, ...], dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row["arm"] in ("corrected", "dense", "noisy"):
            curves[str(row["kind"]), str(row["order"]), str(row["arm"])][int(row["k"])] = float(row["ap50"])
    for (kind, order, _), curve in curves.items():
        base = [row for row in rows if row["kind"] == kind and row["arm"] == "base" and str(row["order"]) == order]
        base = base or [row for row in rows if row["kind"] == kind and row["arm"] == "base"]
        if base:
            curve.setdefault(0, float(base[0]["ap50"]))
    return [[CurvePoint(k, curve[k], n_scored) for k in sorted(curve)] for curve in curves.values()]


def check_curves(curves: list[list[CurvePoint]]) -> list[tuple[Forecast | None, bool]]:
    """The forecast from all points but the last, and whether a straight line to the last one agrees."""
    found: list[tuple[Forecast | None, bool]] = []
    for curve in curves:
        if len(curve) < 4:
            continue
        known, last = curve[:-1], curve[-1]
        said = forecast(known)
        if said is not None and known[-1].n_objects + said.more > last.n_objects:
            continue
        numbers, scores = [one.n_objects for one in curve], [one.score for one in curve]

        def law(n: float, numbers: list[int] = numbers, scores: list[float] = scores) -> float:
            return float(np.interp(n, numbers, scores))

        found.append((said, said is not None and is_right(said, law, known[-1].n_objects)))
    return found


def describe(name: str, found: list[tuple[Forecast | None, bool]]) -> str:
    told = [(said, right) for said, right in found if said is not None]
    if not told:
        return f"| {name} | {len(found)} | 0 | | | |"
    right = np.mean([one for _, one in told])
    scores = [said.score for said, _ in told if said.score is not None]
    objects = [said.objects / said.more for said, _ in told if said.objects is not None]
    margins = [f"{np.median(one):.2f}" if one else "" for one in (scores, objects)]
    return f"| {name} | {len(found)} | {len(told)} | {100 * right:.0f} % | {margins[0]} | {margins[1]} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--curves", type=Path, nargs="*", default=[], help="results.jsonl of effort.py")
    parser.add_argument("--scored", type=int, default=200, help="Objects that the scores of --curves rest on.")
    args = parser.parse_args()
    print("| points | forecasts asked | told | right | median margin of a score | of objects, as a share |")
    print("|---|---|---|---|---|---|")
    found = simulate(args.sessions, args.seed)
    for number in sorted(found):
        print(describe(str(number), found[number]))
    print(describe("all", [one for part in found.values() for one in part]))
    if args.curves:
        print(describe("curves of effort.py", check_curves(read_curves(args.curves, args.scored))))


if __name__ == "__main__":
    main()
