"""Looks at the objects of images in the background, and gives all of them a class after each click.

The look takes seconds and is done once; after that each click costs a fraction of a second, in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_unet.classification.object_features import ObjectFeatures, ObjectKey, join_features
from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.labels.types import Floats
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.classification.classifier import Classifier, ClassifierScore
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

OWNER = "classes"
_QUIET_MS = 300


@dataclass(frozen=True, eq=False)
class Found:
    """What all objects of one image are taken for: `probabilities` (objects, classes) go by the classifier's names."""

    features: ObjectFeatures
    probabilities: Floats
    classifier: Classifier


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What is learned from, taken together on the main thread: images in order, and their examples."""

    works: tuple[ImageWork, ...]
    parts: tuple[ObjectFeatures, ...]
    examples: dict[ObjectKey, int]
    names: tuple[str, ...]
    ready: Classifier | None
    n_images: int
    stop: StopFlag
    """Requested as soon as there are other examples: nobody waits for the score of those of before."""

    def learn(self) -> dict[str, Found] | str:
        """What was found, by the images' keys; or why nothing can be learned yet."""
        from napari_unet.classification.teaching import learn_classes

        try:
            classifier = self.ready or learn_classes(join_features(list(self.parts)), self.examples, self.names)
        except UserError as error:
            return str(error)
        found, start = {}, 0
        for work, part in zip(self.works, self.parts, strict=True):
            likely = classifier.probabilities(part).copy()
            for row, (frame, label) in enumerate(part.objects.tolist()):
                which = self.examples.get((start + frame, label))
                if which is not None:  # what a person said is so
                    likely[row] = np.arange(likely.shape[1]) == which
            found[work.key] = Found(part, likely, classifier)
            start += int(part.objects[:, 0].max(initial=0)) + 1
        return found

    def score(self) -> ClassifierScore | None:
        from napari_unet.classification.teaching import score_classes

        score = score_classes(join_features(list(self.parts)), self.examples, self.names, stop=self.stop)
        return None if score is None else replace(score, n_images=self.n_images)


class ObjectClassifying(QObject):
    """What is known of the classes of objects in all images of a session.

    `changed`: other classes were found, or a score. `progressed` (done, total): how far the look is; equal at its end.
    `told`: a sentence for the user, empty if there is none.
    """

    changed = Signal()
    progressed = Signal(int, int)
    told = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.active = False
        """Whether anybody wants to know: then images without examples are looked at, too."""
        self.found: dict[str, Found] = {}
        self.score: ClassifierScore | None = None
        self.ready: Classifier | None = None
        """A classifier from a file, which is taken as it is while there are no examples."""
        self._seen: dict[str, tuple[Any, ObjectFeatures]] = {}
        self._failed: dict[str, Any] = {}
        self._looking: ImageWork | None = None
        self._learning = self._again = False
        self._stop_scoring = StopFlag()
        self._soon = Debounced(self, self.begin, _QUIET_MS)
        for signal in (session.labels_changed, session.current_changed, session.prediction_changed):
            listen(self, signal, self._soon.ask)
        listen(self, session.background.changed, self._on_idle)
        listen(self, session.jobs.changed, self._on_idle)
        listen(self, session.work_changed, self._on_work)
        get_trackers(session).changed.connect(self._on_edit)

    def of(self, work: ImageWork | None) -> Found | None:
        """What is known of an image; of objects that have changed since it is what they were."""
        return None if work is None else self.found.get(work.key)

    @property
    def busy(self) -> bool:
        """Whether something is going on, or is about to."""
        known = self._soon.waiting or self._looking is not None or self._learning
        return known or any(self._is_due(work) for work in self._wanted())

    def stop(self) -> None:
        """Leave the look at that."""
        if self._looking is not None:
            self._failed[self._looking.key] = self._basis(self._looking)
            self._session.background.stop()

    def use(self, classifier: Classifier | None) -> None:
        """Give all objects a class by a classifier that was saved."""
        self.ready = classifier
        self.active = True
        self.begin()

    # -- looking ----------------------------------------------------------------------------------------------------

    def _on_idle(self) -> None:
        if self._session.background.job is None and self._session.job is None:
            self.begin()

    def _on_work(self, work: ImageWork, name: str) -> None:
        if name == "marked":
            self._soon.cancel()
            self.begin()

    def _on_edit(self, work: ImageWork) -> None:
        if work.key in self._seen:
            self._soon.ask()

    def begin(self) -> None:
        """Look at what is not known yet, or learn if all is."""
        session = self._session
        if session.background.closed or session.viewer is None or session.job is not None:
            return
        self._forget_gone()
        due = next((work for work in self._wanted() if self._is_due(work)), None)
        if due is None:
            self._learn()
        elif session.background.job is None:
            self._look(due)
        elif session.background.job.owner != OWNER:
            session.background.stop()  # what nobody waits for; it goes on by itself

    def _wanted(self) -> list[ImageWork]:
        session = self._session
        works = [work for work in session.works if work.labels is not None and work.head.draws_objects]
        asked = [work for work in works if work.marked.places or (self.active and work is session.current)]
        return sorted(asked, key=lambda work: work is not session.current)

    def _is_due(self, work: ImageWork) -> bool:
        basis = self._basis(work)
        return self._seen.get(work.key, (None,))[0] != basis and self._failed.get(work.key) != basis

    def _basis(self, work: ImageWork) -> Any:
        """What tells one state of the labels from another, without looking at all of them."""
        entry = self._session.model_entry
        tracker = get_trackers(self._session).of(work)
        return work.labels_layer, work.n_written, tracker.changed_pixels, work.channel, entry and entry.sha256

    def _look(self, work: ImageWork) -> None:
        from napari_unet.classification.looking import look_at_objects

        get_trackers(self._session).of(work).finish()
        basis, stop, session = self._basis(work), StopFlag(), self._session
        labels: Image = replace(work.grey, data=present(work.labels).copy())
        load = session.model_loader() if session.model_entry is not None else None
        image, channel, view, engine = work.image, work.channel, work.view, session.engine

        def events() -> Any:
            yield from look_at_objects(labels, image, load() if load else None, channel, view, engine, stop)

        started = session.background.start(
            events(), stop, self._on_event, lambda outcome: self._on_looked(work, basis, outcome),
            f"Looking at the objects of {work.name}", OWNER, [work],
        )  # fmt: skip
        self._looking = work if started else None
        if started:
            self.progressed.emit(0, 0)

    def _on_event(self, event: Any) -> None:
        if isalive(self):
            self.progressed.emit(event.done, max(event.total, event.done + 1))

    def _on_looked(self, work: ImageWork, basis: Any, outcome: Any) -> None:
        if not isalive(self):
            return
        self._looking = None
        self.progressed.emit(1, 1)
        if isinstance(outcome, Finished) and not outcome.stopped and len(outcome.result):
            self._seen[work.key] = basis, outcome.result
        elif isinstance(outcome, Failed):
            self._failed[work.key] = basis
            self.told.emit(outcome.message)

    def _forget_gone(self) -> None:
        here = {work.key for work in self._session.works if work.labels is not None}
        for known in (self._seen, self._failed, self.found):
            for key in known.keys() - here:
                del known[key]

    # -- learning ---------------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        if self._learning:
            self._again = True
            self._stop_scoring.request()
            return
        lesson = self._lesson()
        if lesson is not None:
            self._learning, self._stop_scoring = True, lesson.stop
            run_errand(lesson.learn, self._on_learned, lesson)

    def _lesson(self) -> _Lesson | None:
        """All images with the classes of the current one that were looked at; None if there is nothing to learn."""
        current = self._session.current
        if current is None or current.key not in self._seen:
            return None
        first = self._seen[current.key][1]
        works, parts, examples, start, n_images = [], [], dict[ObjectKey, int](), 0, 0
        for work in self._wanted():
            features = self._seen.get(work.key, (None, None))[1]
            if features is None or (features.names, work.marked.names) != (first.names, current.marked.names):
                continue
            own = work.marked.examples(present(work.labels), "T" in work.axes)
            examples |= {(start + frame, label): place for (frame, label), place in own.items()}
            start += int(features.objects[:, 0].max(initial=0)) + 1
            n_images += bool(own)
            works.append(work)
            parts.append(features)
        ready = self.ready if not examples else None
        if not examples and ready is None:
            self._forget_found()
            return None
        return _Lesson(tuple(works), tuple(parts), examples, current.marked.names, ready, n_images, StopFlag())

    def _forget_found(self) -> None:
        if self.found:
            self.found, self.score = {}, None
            self.changed.emit()

    def _on_learned(self, found: dict[str, Found] | str | Failed, lesson: _Lesson) -> None:
        if isinstance(found, (str, Failed)):
            self._forget_found()
            self.told.emit(found if isinstance(found, str) else found.message)
            self._end()
            return
        self.found |= found
        self.told.emit("")
        self.changed.emit()
        if self._again or lesson.ready is not None:
            self.score = None if lesson.ready is None else lesson.ready.score
            self._end()
        else:
            run_errand(lesson.score, self._on_scored)

    def _on_scored(self, score: ClassifierScore | Failed | None) -> None:
        if not self._again:
            self.score = None if isinstance(score, Failed) else score
            self.changed.emit()
        self._end()

    def _end(self) -> None:
        self._learning = False
        if self._again:
            self._again = False
            self.begin()
