"""The same steps without a window: `napari-unet segment | measure | finetune | evaluate | ...`.

Nothing here imports torch before a command needs it, so that `napari-unet --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from napari_unet import __version__
from napari_unet.cli import (
    demo,
    evaluate,
    finetune,
    models,
    project,
    segment,
    track,
    train,
)
from napari_unet.cli.exchange import export, import_labels
from napari_unet.cli.results import measure, methods, picture
from napari_unet.cli.tasks import classify, restore
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import UserError
from napari_unet.installation import find_rival

DONE, UNEXPECTED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130  # exit codes; 130 is the shell's own for Ctrl-C
_COMMANDS = (
    segment,
    track,
    measure,
    picture,
    methods,
    classify,
    restore,
    export,
    import_labels,
    finetune,
    evaluate,
    train,
    models,
    project,
    demo,
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help).\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; each command's module adds its own part."""
    parser = _Parser(
        prog="napari-unet",
        description="Segment microscopy images with a U-Net, teach it by corrections, and use what it learned.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"napari-unet {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in _COMMANDS:
        command.add_command(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Bad input: 2, and one sentence on stderr."""
    args = build_parser().parse_args(argv)
    terminal = Terminal(command=args.command, json=args.json, quiet=args.quiet)
    if rival := find_rival():
        print(f"napari-unet: {rival}", file=sys.stderr, flush=True)
    try:
        stopped = args.run(args, terminal)
    except UserError as error:
        if os.environ.get("NAPARI_UNET_DEBUG"):
            raise
        terminal.fail(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        terminal.fail("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `napari-unet models list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    terminal.close()
    return INTERRUPTED if stopped else DONE
