"""CTC measures of a tracked folder, by traccuracy: python benchmarks/tracking_scores.py TRUTH RESULT

To be run in an environment of its own that has traccuracy (`pip install traccuracy`): it wants older libraries than the
project has. TRUTH holds man_track.txt, RESULT res_track.txt, each with its masks. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def main() -> None:
    """Score the folder of the second argument against that of the first."""
    from traccuracy import run_metrics
    from traccuracy.loaders import load_ctc_data
    from traccuracy.matchers import CTCMatcher
    from traccuracy.metrics import CTCMetrics

    truth, result = (Path(word) for word in sys.argv[1:3])
    graphs = [
        load_ctc_data(str(truth), str(truth / "man_track.txt"), run_checks=False),
        load_ctc_data(str(result), str(result / "res_track.txt"), run_checks=False),
    ]
    rows, _ = run_metrics(*graphs, matcher=CTCMatcher(), metrics=[CTCMetrics()])
    found = rows[0]["results"]
    print(json.dumps({name: value for name, value in found.items() if isinstance(value, (int, float))}))


if __name__ == "__main__":
    main()
