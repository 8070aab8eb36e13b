"""`napari-unet classify`: a class for each object of label images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_model, check_channel
from napari_unet.cli.terminal import Terminal, follow, stop_on_interrupt
from napari_unet.errors import UserError, listed, require
from napari_unet.workflows.files.batch_plan import expand_inputs

if TYPE_CHECKING:
    from napari_unet.classification.classifier import Classifier
    from napari_unet.workflows.files.progress import FileProgress
    from napari_unet.workflows.tasks.classifying import ClassifiedFiles, LabelledFile


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "classify",
        help="give each object of label images a class, learned from examples",
        description="Give each object of label images (or each image as a whole) a class with a probability, learned "
        "from a few examples. The labels may come from any program.",
        allow_abbrev=False,
    )
    parser.add_argument("image", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--labels", type=Path, metavar="L", help="label image, or a folder of label images of the same "
                      "base names")  # fmt: skip
    what.add_argument("--whole-images", action="store_true", help="one class for each image as a whole, by what is "
                      "in it: no labels are needed, and examples have the columns image and class")  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--examples", type=Path, metavar="TABLE.csv", help="examples: columns label (id of the object) "
                        "and class; image and t where there are several")  # fmt: skip
    source.add_argument("--classifier", type=Path, metavar="FILE", help="a classifier that was saved before")
    parser.add_argument("--output", type=Path, required=True, metavar="TABLE.csv", help="table to write: .csv, .tsv, "
                        ".parquet or .xlsx")  # fmt: skip
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the classifier in a new .safetensors file")
    add_model(parser)
    parser.add_argument("--no-network", action="store_true", help="look at shape, grey values and texture alone")
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYXS, if they do not say")
    parser.add_argument("--channel", metavar="N", type=int, help="channel that a model of one channel looks at, "
                        "counted from 1")  # fmt: skip
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Look, learn, and write the table. Returns whether the user stopped it."""
    from napari_unet.classification.classifier_file import load_classifier, save_classifier
    from napari_unet.classification.example_table import read_examples
    from napari_unet.models.library import load_model
    from napari_unet.results.measurements.table_files import check_table_path, write_table
    from napari_unet.workflows.tasks.classifying import classify_files_steps

    check_table_path(args.output)
    require(args.save is None or not args.save.exists(), f"{args.save} exists already: choose another name.")
    files = _files(args)
    taught = load_classifier(args.classifier) if args.classifier else read_examples(args.examples, args.whole_images)
    model = None if args.no_network else load_model(args.model)
    channel = _channel(files[0], args)
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        task = bar.add_task("Looking at objects", total=len(files), detail="")

        def show(event: FileProgress) -> None:
            bar.update(task, completed=event.done, detail=f"{event.done} of {event.total} images")

        finished = follow(classify_files_steps(files, model, taught, args.axes, channel, stop=stop), show)
    done: ClassifiedFiles | None = finished.result
    if done is None:
        return True
    write_table(args.output, done.table)
    if args.save is not None:
        save_classifier(done.classifier, args.save)
    _tell(terminal, args, done)
    if done.errors:
        told = listed([f"{path} ({message.rstrip('.')})" for path, message in done.errors.items()])
        raise UserError(f"{len(done.errors)} of {len(files)} images could not be classified: {told}.")
    return finished.stopped


def _files(args: argparse.Namespace) -> list[LabelledFile]:
    from napari_unet.workflows.pairing import find_partners
    from napari_unet.workflows.tasks.classifying import LabelledFile

    images = expand_inputs(args.image)
    if args.whole_images:
        return [LabelledFile(path, None) for path in images]
    labels = find_partners(images, args.labels)
    return [LabelledFile(path, labels[path]) for path in images]


def _channel(file: LabelledFile, args: argparse.Namespace) -> int | None:
    if args.channel is None:
        return None
    from napari_unet.images.files.reading import read_image

    return check_channel(read_image(file.image, args.axes), args.channel)


def _tell(terminal: Terminal, args: argparse.Namespace, done: ClassifiedFiles) -> None:
    counts = {str(name): int(n) for name, n in done.table["class"].value_counts().items()}
    terminal.answer |= {"output": str(args.output), "objects": len(done.table), "classes": counts}
    terminal.answer |= {"method": done.classifier.method, "saved": None if args.save is None else str(args.save)}
    told = ", ".join(f"{n} {name}" for name, n in counts.items())
    what = "images" if args.whole_images else "objects"
    terminal.say(f"{len(done.table)} {what} -> {args.output}: {told}")
    terminal.say(f"By {done.classifier.method}.")
    _tell_score(terminal, done.classifier)


def _tell_score(terminal: Terminal, classifier: Classifier) -> None:
    score = classifier.score
    if score is None:
        terminal.say("Too few examples to hold any out: how good it is cannot be known yet.")
        return
    terminal.answer["score"] = {
        "balanced_accuracy": round(score.balanced_accuracy, 4), "examples": score.n_examples, "images": score.n_images,
        "confusion": score.confusion.tolist(), "class_names": list(classifier.class_names),
    }  # fmt: skip
    images = "1 image" if score.n_images == 1 else f"{score.n_images} images"
    terminal.say(
        f"Balanced accuracy on held-out examples: {score.balanced_accuracy:.2f} ({score.n_examples} examples of "
        f"{images}; {1 / len(classifier.class_names):.2f} is guessing)."
    )
    width = max(len(name) for name in classifier.class_names)
    terminal.say(f"  {'given':{width}}  found: {', '.join(classifier.class_names)}")
    for name, row in zip(classifier.class_names, score.confusion, strict=True):
        terminal.say(f"  {name:{width}}  {'  '.join(str(int(n)) for n in row)}")
