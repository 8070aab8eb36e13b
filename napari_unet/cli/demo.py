"""`napari-unet demo`: the whole loop in a window, on a sample that is part of the package."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import require


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "demo",
        help="open napari on a sample, with the steps ready to click",
        description="Open napari on a sample image, with the panel docked and the steps ready to click.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--unattended",
        action="store_true",
        help="drive the window by itself: open, segment, correct, fine-tune, segment again, write pictures, quit",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=Path("demo-output"),
        help="folder for what the unattended run writes (default: demo-output)",
    )
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    for module in ("napari", "qtpy"):
        require(
            importlib.util.find_spec(module),
            "The window is not installed: pip install 'napari-unet-finetune[gui]' and try again.",
        )
    from napari_unet.ui.demo.run import main

    with redirect_stdout(sys.stderr) if terminal.json else nullcontext():
        code = main(args.output, not args.unattended)
    require(code == 0, f"The demo ended with code {code}: what it said above tells why.")
    if args.unattended:
        terminal.answer["output"] = str(args.output)
        terminal.answer["report"] = json.loads((args.output / "report.json").read_text(encoding="utf-8"))
    return False
