"""`napari-unet models`: what is in the library, and where it came from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.exchange import export_model
from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal
from napari_unet.errors import UserError
from napari_unet.heads.registry import HEADS, find_head

if TYPE_CHECKING:
    from napari_unet.models.library import ModelEntry
    from napari_unet.models.record import ModelRecord


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "models",
        help="list, show, import, export, rename and remove models",
        description="The models at hand. Without an action: list them.",
        allow_abbrev=False,
    )
    add_general(parser)
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", parser_class=type(parser))
    _add(actions, "list", _list, "list all models")
    _add(actions, "show", _show, "say where a model came from", "name")
    _add(actions, "import", _import, "take a model file into the library", "file")
    exporting = _add(actions, "export", export_model.run, "copy a model to a file, or write it for other programs",
                     "name", "file")  # fmt: skip
    export_model.add_options(exporting)
    _add(actions, "rename", _rename, "give a model another name", "name", "new_name")
    removing = _add(actions, "remove", _remove, "delete a model for good", "name")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    making = _add(actions, "new", _new, "make an untrained model, to be taught by fine-tuning", "name")
    making.add_argument("--task", choices=list(HEADS), default="instances",
                        help="objects each on their own, or classes painted by value (default: instances)")  # fmt: skip
    making.add_argument("--classes", metavar="NAMES", default="",
                        help="names of the classes with commas between, the background first")  # fmt: skip
    making.add_argument("--channels", type=int, default=1, metavar="N", help="channels that it sees together; RGB: 3")
    naming = _add(actions, "classes", _classes, "show the names of a model's classes, or change them", "name")
    naming.add_argument("class_names", nargs="?", metavar="NAMES", help="new names with commas between")
    choosing = _add(actions, "default", _default, "say which model is used by default, or choose it")
    choosing.add_argument("name", nargs="?", metavar="NAME", help="the model to use by default")
    choosing.add_argument("--reset", action="store_true", help="go back to the shipped model")


def _add(
    actions: argparse._SubParsersAction[Any],
    name: str,
    run: Callable[[argparse.Namespace, Terminal], bool],
    words: str,
    *arguments: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words, description=words.capitalize() + ".")
    for argument in arguments:
        kind = Path if argument == "file" else str
        parser.add_argument(argument, metavar=argument.upper(), type=kind)
    # the action's own --json and -q must not undo what was given before its name
    for action in ("--json", "--quiet"):
        parser.add_argument(
            *(("-q", action) if action == "--quiet" else (action,)),
            action="store_true",
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
        )
    parser.set_defaults(run=run)
    return parser


def _list(args: argparse.Namespace, terminal: Terminal) -> bool:
    from rich.table import Table

    from napari_unet.models.library import default_entry, models_dir, scan_models

    entries, broken = scan_models()
    default = default_entry()
    terminal.answer |= {
        "folder": str(models_dir()),
        "default": default.name if default else None,
        "models": [_as_row(entry) for entry in entries],
        "broken": [{"path": str(b.path), "message": b.message} for b in broken],
    }
    table = Table(box=None, pad_edge=False)
    for title in ("Name", "From", "Made", "Images", "Held-out score"):
        table.add_column(title)
    for entry in entries:
        mark = " (default)" if entry == default else ""
        origin = "shipped" if entry.shipped else entry.record.parent_name or "imported"
        images = str(len(entry.record.training.images) or "")
        table.add_row(entry.name + mark, origin, f"{entry.record.created:%Y-%m-%d}", images, _scores(entry))
    terminal.show(table)
    for file in broken:
        terminal.show(f"Not usable: {file.path}: {file.message}")
    return False


def _show(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.models.library import find_model_or_file, lineage

    entry = find_model_or_file(args.name)
    ancestors = [parent if isinstance(parent, str) else parent.name for parent in lineage(entry)]
    terminal.answer |= _as_row(entry) | {"lineage": ancestors, "record": entry.record.model_dump(mode="json")}
    record, training = entry.record, entry.record.training
    lines = {
        "Name": entry.name + (" (shipped)" if entry.shipped else ""),
        "About": record.description,
        "Comes from": " <- ".join(ancestors),
        "Made": f"{record.created:%Y-%m-%d %H:%M} UTC",
        "Learned from": _learned(training.images, training.n_objects, training.n_corrected),
        "Training": _trained(training.steps, training.seconds),
        "Scores": _scores(entry),
        "Object diameter": find_head(record).describe_size(record),
        "Classes": ", ".join(find_head(record).class_names(record)),
        "Kinds of image": ", ".join(record.kind_names) if record.kinds else "",
        "Network": _network(record),
        "Licence": record.licence,
        "File": f"{entry.path}\n{'':17}sha256 {entry.sha256}",
    }
    terminal.show("\n".join(f"{title + ':':<17}{text}" for title, text in lines.items() if text))
    return False


def _new(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.heads.new_model import new_model
    from napari_unet.models.library import find_model, save_to_library

    names = args.classes.split(",") if args.classes else ()
    saved = save_to_library(new_model(args.name, args.task, names, args.channels))
    terminal.answer |= _as_row(find_model(saved.name))
    terminal.say(f"{saved.name} is in the library; it finds nothing until it is fine-tuned.")
    return False


def _classes(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.models.library import find_model_or_file, rename_classes

    entry = find_model_or_file(args.name)
    if args.class_names:
        entry = rename_classes(args.name, args.class_names.split(","))
    terminal.answer |= _as_row(entry)
    terminal.show("\n".join(f"{value} {name}" for value, name in enumerate(entry.record.class_names)))
    return False


def _import(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.workflows.sharing.formats import import_any_model

    entry = import_any_model(args.file)
    terminal.answer |= _as_row(entry)
    terminal.say(f"{entry.name} is in the library.")
    return False


def _rename(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.models.library import rename_model

    entry = rename_model(args.name, args.new_name)
    terminal.answer |= _as_row(entry)
    terminal.say(f"{args.name} is now called {entry.name}.")
    return False


def _remove(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.models.library import find_model, remove_model

    name = find_model(args.name).name
    if not args.yes and sys.stdin.isatty() and sys.stderr.isatty():
        print(f"Remove {name} for good? [y/N] ", end="", file=sys.stderr, flush=True)
        if input().strip().lower() not in ("y", "yes"):
            raise UserError("Nothing was removed.")
    remove_model(name)
    terminal.answer["removed"] = name
    terminal.say(f"{name} is removed.")
    return False


def _default(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.models.library import default_model_name, set_default_model

    if args.name and args.reset:
        raise UserError("Give either the name of a model or --reset, not both.")
    if args.name or args.reset:
        set_default_model(args.name)
    terminal.answer["default"] = default_model_name()
    terminal.show(terminal.answer["default"])
    return False


def _as_row(entry: ModelEntry) -> dict[str, Any]:
    record = entry.record
    return {
        "name": entry.name,
        "shipped": entry.shipped,
        "task": record.task,
        "class_names": list(find_head(record).class_names(record)),
        "channels": record.architecture.in_channels,
        "path": str(entry.path),
        "sha256": entry.sha256,
        "parent": record.parent,
        "parent_name": record.parent_name,
        "created": record.created.isoformat(),
        "images": list(record.training.images),
        "scores": record.scores,
    }


def _network(record: ModelRecord) -> str:
    if record.foreign is not None:
        return "ONNX, of another program: it segments, and cannot be fine-tuned"
    network = record.architecture
    stem = f", pixels taken {network.stem} x {network.stem} together" if network.stem > 1 else ""
    return f"U-Net, {network.ndim}D, depth {network.depth}, {network.base_channels} base channels{stem}"


def _scores(entry: ModelEntry) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in entry.record.scores.items())


def _learned(images: tuple[str, ...], n_objects: int, n_corrected: int) -> str:
    if not images:
        return ""
    names = ", ".join(images[:3]) + (f" and {len(images) - 3} more" if len(images) > 3 else "")
    return names + (f": {n_objects} objects, {n_corrected} of them corrected" if n_objects else "")


def _trained(steps: int, seconds: float) -> str:
    if not steps:
        return ""
    return f"{steps} steps" + (f" in {seconds:.0f} s" if seconds else "")
