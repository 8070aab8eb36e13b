"""*Classes of images...*: one class for each image as a whole, from a few that are given one, as in screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from napari_unet.classification.marked import MarkedObjects
from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.ui.classify.class_rows import ClassRows
from napari_unet.ui.classify.score_text import score_sentence
from napari_unet.ui.classify.whole_images.file_buttons import FileButtons, save_found, write_found
from napari_unet.ui.classify.whole_images.given import classes_named, read_given
from napari_unet.ui.classify.whole_images.keeping import PROPERTY, read_back, written
from napari_unet.ui.classify.whole_images.learning import (
    ImagesFound,
    ImagesLesson,
    count_words,
    enough_examples,
    or_sentence,
)
from napari_unet.ui.classify.whole_images.list_buttons import ListButtons
from napari_unet.ui.classify.whole_images.looking import OWNER, ImagesLooking
from napari_unet.ui.classify.whole_images.opening import ImageOpening
from napari_unet.ui.classify.whole_images.table import ImageRows, ImagesTable
from napari_unet.ui.classify.whole_images.undoing import Given, GivenHistory
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import MessageLine, enable

if TYPE_CHECKING:
    from napari_unet.project.project import Project
    from napari_unet.ui.session.session import Session

NO_IMAGES = "Add images first."
NOTHING_FOUND = "Give a class to two images of each of two classes first."


class ImagesWindow(QDialog):
    """Looks at all images once, in the background; learns anew whenever an image is given a class."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Classes of images")
        self.session, self.marked = session, MarkedObjects()
        self.given: dict[Path, int] = {}
        self.found: ImagesFound | None = None
        self.images = ImageRows(self)
        self.table, self.rows = ImagesTable(self.images), ClassRows()
        self.list = ListButtons()
        self.add_button, self.give_button = self.list.add_button, self.list.give_button
        self.remove_button = self.list.remove_button
        self.files, self.opening = FileButtons(), ImageOpening(session, self)
        self.table_button, self.save_button = self.files.table_button, self.files.save_button
        self.load_button = self.files.load_button
        self.progress, self.message, self.score_label = ProgressLine(), MessageLine(), QLabel(wordWrap=True)
        self.looking, self.history = ImagesLooking(session, self.images, self), GivenHistory(self)
        self._ready: Any = None
        self._learning = self._again = False
        self._listing = 0
        self._keeper = get_keeper(session)
        self._project: Project | None = None
        self._lay_out()
        self._connect()
        self._show()
        self._on_project()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(self.list)
        layout.addWidget(self.rows)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.progress)
        layout.addWidget(self.score_label)
        layout.addWidget(self.files)
        self.resize(720, 560)

    def _connect(self) -> None:
        self.list.images_wanted.connect(self.add)
        self.remove_button.clicked.connect(self.take_out)
        self.table.removed.connect(self.take_out)
        self.add_button.clicked.connect(lambda: self._change(lambda marked: marked.with_class()))
        self.give_button.clicked.connect(lambda: self.give(self.rows.chosen))
        self.rows.renamed.connect(lambda which, name: self._change(lambda marked: marked.renamed(which, name)))
        self.rows.recolored.connect(lambda which, color: self._change(lambda marked: marked.recolored(which, color)))
        self.rows.removed.connect(self._on_removed)
        self.table.key_pressed.connect(lambda which: self.give(None if which < 0 else which))
        self.table.opened.connect(lambda number: self.opening.open(self.images.rows[number].path))
        self.opening.failed.connect(lambda told: self.message.show_text(told, "error", None))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self.files.table_wanted.connect(self.write)
        self.files.save_wanted.connect(self.save)
        self.files.load_wanted.connect(self.load)
        self.looking.began.connect(lambda: self.progress.begin("Looking at the images"))
        self.looking.progressed.connect(lambda done, n: self.progress.advance(done, n, f"{done} of {n} images"))
        self.looking.changed.connect(self.learn)
        self.looking.halted.connect(self._on_halted)
        self.history.undo_wanted.connect(lambda: self._go_to(self.history.undo))
        self.history.redo_wanted.connect(lambda: self._go_to(self.history.redo))
        self.progress.stop_clicked.connect(lambda: self.session.jobs.stop(OWNER))
        listen(self, self.session.jobs.changed, self._on_jobs)
        listen(self, self._keeper.changed, self._on_project)

    @property
    def busy(self) -> bool:
        """Whether images are looked at, or something is learned of them."""
        return bool(self._listing) or self._learning or self.looking.busy

    # -- images -------------------------------------------------------------------------------------------------------

    def add(self, paths: list[Path]) -> None:
        """More images, or all of a folder; they are looked at as soon as nothing else is going on."""
        from napari_unet.workflows.files.batch_plan import expand_inputs

        if paths:
            self._listing += 1
            run_errand(or_sentence(lambda: expand_inputs(paths)), self._on_listed)  # a folder on a server takes a while

    def _on_listed(self, paths: list[Path] | Failed) -> None:
        self._listing -= 1
        if isinstance(paths, Failed):
            self.message.show_text(paths.message, "error", None)
        else:
            self.images.add(paths)
            self.message.clear()
            self.looking.go_on()
            self._show()

    def take_out(self) -> None:
        """Take the selected images out of the list, with the class that they were given."""
        self.history.remember(self._now())
        gone = self.images.take_out(self.table.selected)
        self.given = {path: own for path, own in self.given.items() if path not in gone}
        self.looking.forget(gone)
        self.message.clear()
        self.learn()

    def _on_halted(self, sentence: str, kind: str) -> None:
        self.message.show_text(sentence, kind, None, ("Go on", self.looking.go_on))

    def _on_jobs(self) -> None:
        self.progress.follow(self.session.job, OWNER)
        self._show_buttons()

    # -- the project ------------------------------------------------------------------------------------------------

    def _on_project(self) -> None:
        """Another project was opened: its images and classes, if it has any, take the place of those here."""
        project, before = self._keeper.project, self._project
        self._project = project
        kept = None if project is None or project is before else project.get_property(PROPERTY)
        if kept is None:
            return
        self.images.take_out(list(range(self.images.n_rows)))
        self.history.clear()
        self.looking.forget()
        self._ready = self.found = None
        self.marked, images, self.given = read_back(kept, present(project).path)
        self.images.add(images)
        self.looking.go_on()
        self._show()

    def _keep(self) -> None:
        images, project = [row.path for row in self.images.rows], self._keeper.project
        if images or project is not None:
            path = None if project is None else project.path
            self._keeper.keep(PROPERTY, written(self.marked, images, self.given, path))

    # -- classes ------------------------------------------------------------------------------------------------------

    def give(self, which: int | None) -> None:
        """Give the selected images a class; None: take theirs away."""
        if which is not None and which >= len(self.marked.names):
            self.message.show_text(f"There is no class {which + 1} yet: add one.", "error", self.add_button)
            return
        if which is not None:
            self.rows.choose(which)
        self.history.remember(self._now())
        selected = {self.images.rows[number].path for number in self.table.selected}
        others = {path: own for path, own in self.given.items() if path not in selected}
        self.given = others if which is None else others | dict.fromkeys(selected, which)
        self.message.clear()
        self.learn()

    def _on_removed(self, which: int) -> None:
        kept = {path: own - (own > which) for path, own in self.given.items() if own != which}
        if self._change(lambda marked: marked.without_class(which), kept):
            self.learn()

    def _change(self, change: Callable[[MarkedObjects], MarkedObjects], given: dict[Path, int] | None = None) -> bool:
        """Whether the classes could be changed so; `given` is what images are given then, if that changes, too."""
        before, then = self.marked, self._now()
        try:
            self.marked = change(before)
            self.history.remember(then)
            self.given = self.given if given is None else given
        except UserError as error:
            self.message.show_text(str(error), "error", self.rows)
        if self.marked.names != before.names and len(self.marked.names) == len(before.names):
            self.learn()
        self._show()
        return self.marked is not before

    def _now(self) -> Given:
        return Given(self.marked, tuple(row.path for row in self.images.rows), self.given)

    def _go_to(self, step: Callable[[Given], Given | None]) -> None:
        """Undo or redo; images that were added meanwhile stay."""
        then = step(self._now())
        if then is None:
            return
        self.marked, self.given = then.marked, dict(then.given)
        self.images.add(list(then.images))
        self.message.clear()
        self.looking.go_on()
        self.learn()

    def learn(self) -> None:
        """Give all images a class, beside the window; whoever asks meanwhile is answered after it."""
        seen = self.looking.seen
        given = enough_examples({path: which for path, which in self.given.items() if path in seen})
        self._again = self._learning
        if self._learning:
            return
        if not seen or not (given or self._ready):
            self.found = None
        else:
            entry = self.session.model_entry
            name, ready = "" if entry is None else entry.name, None if given else self._ready
            self._learning = True
            run_errand(ImagesLesson(dict(seen), given, self.marked.names, name, ready).learn, self._on_learned)
        self._show()

    def _on_learned(self, found: Any) -> None:
        self._learning = False
        self.found = found if isinstance(found, ImagesFound) else None
        if not isinstance(found, ImagesFound):
            self.message.show_text(found.message if isinstance(found, Failed) else found, "error", None)
        if self._again:
            self.learn()
        self._show()

    # -- files --------------------------------------------------------------------------------------------------------

    def write(self, path: Path) -> None:
        """Write a row an image: what was given, what was found, and how likely each class is."""
        found = self.found
        if found is not None:
            self._try(lambda: write_found(found, path))

    def save(self, path: Path) -> None:
        """Keep the classifier in a new file."""
        found, marked = self.found, self.marked
        if found is not None:
            self._try(lambda: save_found(found, marked, path))

    def _try(self, write: Callable[[], Path]) -> None:
        run_errand(or_sentence(write), self._on_written)

    def _on_written(self, path: Any) -> None:
        failed = isinstance(path, Failed)
        self.message.show_text(path.message if failed else f"Written: {path}", "error" if failed else "info", None)

    def load(self, path: Path) -> None:
        """Give all images a class by a classifier that was saved; or take examples of a table."""
        from napari_unet.classification.classifier_file import load_classifier

        try:
            if path.suffix.lower() in (".csv", ".tsv"):
                then, read = self._now(), read_given(path, [row.path for row in self.images.rows])
                self.history.remember(then)
                self.marked, self.given = read
            elif self.given:
                raise UserError("There are examples, from which the classes come: take them away first (key 0).")
            else:
                ready = load_classifier(path)
                self.marked = classes_named(ready.class_names, ready.colors)
                self._ready = ready
        except UserError as error:
            self.message.show_text(str(error), "error", self.load_button)
            return
        self.message.clear()
        self.learn()

    # -- showing ------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        found = self.found
        self.images.fill(self.marked, self.given, found, self.looking.failed)
        self.rows.show_classes(self.marked, count_words(self.marked.names, self.given, found))
        told = NOTHING_FOUND if self.images.rows else "Add images, or a folder of them, and give some of them a class."
        self.score_label.setText(told if found is None else score_sentence(found.classifier, found.classifier.score))
        self._show_buttons()
        if self._project is self._keeper.project:
            self._keep()

    def _show_buttons(self) -> None:
        none = None if self.images.rows else NO_IMAGES
        selected = none or (None if self.table.selected else "Select images in the table first.")
        learned = none or (None if self.found is not None else NOTHING_FOUND)
        own = {self.give_button: selected, self.remove_button: selected, self.load_button: none}
        for button, reason in (own | {self.table_button: learned, self.save_button: learned}).items():
            enable(button, reason)
