"""The step *Restore*."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QGridLayout, QLabel, QPushButton

from napari_unet.errors import UserError
from napari_unet.events import Failed, StopFlag
from napari_unet.images.image import Image
from napari_unet.labels.types import PartOfPlane
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.tasks import TASKS, RestorationTask, task_of
from napari_unet.ui.restore.counterparts import Counterpart, list_counterparts
from napari_unet.ui.restore.job import Request, Restored, cut_part, restore_in_background
from napari_unet.ui.restore.placing import TRY_SIDE, middle_of, over
from napari_unet.ui.session.layers import KEY
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.parameters import ParameterForm
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import Step, enable

if TYPE_CHECKING:
    from napari_unet.models.model import Model
    from napari_unet.models.record import GreyOutput
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

OWNER = "restore"
NO_IMAGE = "Open an image first."
BUSY = "Wait until the work in progress has ended, or stop it."
NO_MODEL = "Restore an image first: the model is made by that."
NEEDS_PAIR = "One channel of another is learned from pairs: choose the channel or layer to be made under Learn from."
NEEDS_STACK = "This is no z-stack: there are no slices to bring closer."
_BESIDE = "restored"
_ALONE = "this image alone"
_TRY_SECONDS, _TRY_STACK = 6.0, 96
_FILES = "Models (*.safetensors)"


class RestoreStep(Step):
    """Teach a network on the image itself or on a pair, see what it does on a corner, and restore all of it."""

    title = "Restore"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model: Model | None = None
        """The one that made the last restored image, or that was opened."""
        self.task_box, self.pair_box = QComboBox(), QComboBox()
        for task in TASKS.values():
            self.task_box.addItem(task.title, task.name)
        self.task_box.setToolTip("What is to be made of the image")
        self.pair_box.setToolTip("What the network learns from: the image by itself, or a channel or layer that "
                                 "shows what the image is to become")  # fmt: skip
        for box in (self.task_box, self.pair_box):  # narrower than their longest line
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        self.form = ParameterForm(RestoreConfig, ("seconds", "structure", "voxel_ratio", "uncertainty"))
        self.try_button = QPushButton("Try in the middle", toolTip="Learn for a few seconds on the middle of the view, "
                                      "and show what comes of it")  # fmt: skip
        self.restore_button = QPushButton("Restore", toolTip="Learn, then make a new image of all slices and frames")
        self.save_button = QPushButton("Save model...", toolTip="Keep the model in a file, for other images")
        self.load_button = QPushButton("Use saved model...", toolTip="Restore with a model that was saved before")
        self.progress, self.told = ProgressLine(), QLabel(wordWrap=True)
        self._pairs: list[Counterpart] = []
        self._chosen: Counterpart | None = None  # by the user; chosen again when its image is the current one again
        self._lay_out_body()
        self._connect()
        self._on_images()

    def _lay_out_body(self) -> None:
        form, buttons = QFormLayout(), QGridLayout()
        form.addRow("Make", self.task_box)
        form.addRow("Learn from", self.pair_box)
        buttons.addWidget(self.try_button, 0, 0)
        buttons.addWidget(self.restore_button, 0, 1)
        buttons.addWidget(self.save_button, 1, 0)
        buttons.addWidget(self.load_button, 1, 1)
        self.body_layout.addLayout(form)
        self.body_layout.addWidget(self.form)
        self.body_layout.addLayout(buttons)
        self.body_layout.addWidget(self.progress)
        self.body_layout.addWidget(self.told)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self._on_images)
        listen(self, session.images_changed, self._on_images)
        listen(self, session.image_changed, self._on_images)
        listen(self, session.jobs.changed, self._on_job)
        self.task_box.currentTextChanged.connect(self._on_job)
        self.pair_box.currentTextChanged.connect(self._on_pair)
        self.try_button.clicked.connect(self.try_here)
        self.restore_button.clicked.connect(self.restore)
        self.progress.stop_clicked.connect(lambda: session.jobs.stop(OWNER))
        self.save_button.clicked.connect(self._on_save)
        self.load_button.clicked.connect(self._on_load)

    @property
    def work(self) -> ImageWork | None:
        return self.session.current

    @property
    def task(self) -> RestorationTask:
        return TASKS[self.task_box.currentData()]

    @property
    def pair(self) -> Counterpart | None:
        """What shows what the image is to become; None: the image teaches by itself."""
        at = self.pair_box.currentIndex() - 1
        return self._pairs[at] if 0 <= at < len(self._pairs) else None

    # -- showing the session's state ------------------------------------------------------------------------------

    def _on_images(self) -> None:
        self.drop_message_of_others()
        chosen = self._chosen
        self._pairs = list_counterparts(self.session)
        self.pair_box.blockSignals(True)
        self.pair_box.clear()
        self.pair_box.addItems([_ALONE, *(pair.title for pair in self._pairs)])
        self.pair_box.setCurrentIndex(self._pairs.index(chosen) + 1 if chosen in self._pairs else 0)
        self.pair_box.blockSignals(False)
        self._on_job()

    def _on_pair(self) -> None:
        self._chosen = self.pair
        self._on_job()

    def _on_job(self) -> None:
        """Enable what can be done now, and say the state in the header."""
        reason = NO_IMAGE if self.work is None else BUSY if self.session.job is not None else None
        if reason is None and self.task.needs_pairs and self.pair is None and not self._fits(self.model):
            reason = NEEDS_PAIR
        if reason is None and self.task.along_z and "Z" not in present(self.work).axes:
            reason = NEEDS_STACK
        for button in (self.try_button, self.restore_button):
            enable(button, reason)
        self.form.show_row("structure", self.task.removes_noise)
        self.form.show_row("voxel_ratio", self.task.along_z)
        enable(self.load_button, NO_IMAGE if self.work is None else None)
        enable(self.save_button, NO_MODEL if self.model is None else None)
        self.progress.follow(self.session.job, OWNER)
        self.set_state("denoise, enlarge, another channel", "denoise, enlarge")

    def _fits(self, model: Model | None) -> bool:
        return model is not None and model.record.grey is not None and task_of(model.record.grey) is self.task

    # -- restoring ------------------------------------------------------------------------------------------------

    def try_here(self) -> None:
        """Learn for a few seconds on the middle of the view, and show what comes of it."""
        work = present(self.work)
        plane = work.plane_at(self.session.viewer.dims.point)
        part = middle_of(work.visible_region(), work.shape, _TRY_STACK if self.task.along_z else TRY_SIDE)
        config = self._config().model_copy(update={"seconds": _TRY_SECONDS})
        self._start(config, (plane, part))

    def restore(self) -> None:
        """Learn, then make a new image."""
        self._start(self._config(), None)

    def _config(self) -> RestoreConfig:
        return RestoreConfig(**self.form.values(), device=self.session.engine.device)

    def _start(self, config: RestoreConfig, where: PartOfPlane | None, model: Model | None = None) -> None:
        work = self.work
        if work is None or self.session.job is not None:
            return
        self.clear_message()
        self.told.clear()
        try:
            image = work.grey if where is None else cut_part(work.grey, *where, stack=self.task.along_z)
            request = Request(image, self.task, config, self._wanted(where), model)
        except UserError as error:
            self.show_message(str(error), self.pair_box)
            return
        stop = StopFlag()
        self.progress.begin("Learning" if model is None else "Restoring")
        self.session.jobs.start(
            restore_in_background(request, stop), stop, self._on_event,
            partial(self._on_finished, work, where), f"Restoring {work.name}", OWNER, [work],
        )  # fmt: skip

    def _wanted(self, where: PartOfPlane | None) -> Image | None:
        if self.pair is None:
            return None
        image = self.pair.read()
        return image if where is None else cut_part(image, *where, self.task.factor)

    def _on_event(self, event: Any) -> None:
        if hasattr(event, "loss"):
            total = event.seconds + event.seconds_left
            self.progress.advance(round(1000 * event.seconds / max(total, 1e-3)), 1000, "Learning", event.seconds_left)
        else:
            done = event.plane + event.done / max(1, event.total)
            self.progress.advance(round(1000 * done / event.planes), 1000, "Restoring")

    def _on_finished(self, work: ImageWork, where: PartOfPlane | None, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self.show_message(outcome.message, self.restore_button)
        elif outcome is not None and work in self.session.works:
            restored: Restored = outcome.result
            self.model = restored.model
            self._show(work, where, restored)
            gain = "" if restored.gain_db is None else f"{restored.gain_db:+.1f} dB on held-out parts. "
            self.told.setText(gain + " ".join(restored.notes))
        self._on_job()

    def _show(self, work: ImageWork, where: PartOfPlane | None, restored: Restored) -> None:
        """A new layer, or the one of before with other pixels, exactly over the image."""
        grey = present(restored.model.record.grey)
        task = task_of(grey)
        name = f"{work.name} {task.made}{' (try)' if where is not None else ''}"
        made = [self._put(work, where, restored.image, name, grey)]
        made[0].colormap = work.layer.colormap
        if restored.unsure is not None:
            layer = self._put(work, where, restored.unsure, f"{name}, unsure", grey, unsure=True)
            layer.colormap, layer.blending, layer.opacity = "inferno", "additive", 0.6
            made.append(layer)
        self.session.work_on(work.layer)
        for layer in made:  # who is worked on again comes to the front, over what was made of it
            layers = self.session.viewer.layers
            layers.move(layers.index(layer), len(layers))

    def _put(
        self,
        work: ImageWork,
        where: PartOfPlane | None,
        image: Image,
        name: str,
        grey: GreyOutput,
        unsure: bool = False,
    ) -> ImageLayer:
        from napari_unet.restoration.isotropic import ratio_of

        task = task_of(grey)
        ratio = ratio_of(work.grey, grey) if task.along_z else None
        data = np.asarray(image.data) if where is not None else work.geometry.to_layer(np.asarray(image.data))
        # A try, and a map of the unsure, go with their image; a restored image is one to be worked on.
        whole = where is None and not unsure
        mark = {"role": "image", "axes": work.geometry.layer_axes} if whole else {"role": _BESIDE, "image": work.key}
        before = next((layer for layer in self.session.viewer.layers if layer.name == name), None)
        with self.session.keep_selection():
            if before is not None:
                self.session.viewer.layers.remove(before)
            layer = ImageLayer(data, name=name, metadata={KEY: mark}, **over(work, where, data, task.factor, ratio))
            self.session.viewer.add_layer(layer)
        return layer

    # -- files --------------------------------------------------------------------------------------------------------

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the model", f"{self.task.name}.safetensors", _FILES)
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Keep the model in a new file."""
        from napari_unet.models.model_file import save_model

        try:
            written = save_model(present(self.model), path)
        except UserError as error:
            self.show_message(str(error), self.save_button)
            return
        self.show_message(f"Written: {written.path}", kind="info")

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Use a saved model", "", _FILES)
        if path:
            self.use(Path(path))

    def use(self, path: Path) -> None:
        """Restore the current image with a model that was saved."""
        from napari_unet.models.model_file import load_model_file
        from napari_unet.restoration.applying import grey_of

        try:
            model = load_model_file(path)
            task = task_of(grey_of(model))
        except UserError as error:
            self.show_message(str(error), self.load_button)
            return
        self.task_box.setCurrentText(task.title)
        self._start(self._config(), None, model)
