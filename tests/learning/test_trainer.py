"""What one step does: to the weights, to their average, to the statistics; and what it does not."""

from __future__ import annotations

import copy

import pytest
import torch
from small_networks import CONFIG, CPU, HEAD, make_batch, make_network, same, seen, weights_of
from torch import Tensor, nn

from napari_unet.learning.averaging import RunningAverage
from napari_unet.learning.config import OptimizationConfig
from napari_unet.learning.sampler import Batch
from napari_unet.learning.teacher import REPLAY_WEIGHT, Teacher
from napari_unet.learning.trainer import Statistics, Trainer


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_copy_learns_in_two_and_three_dimensions(ndim: int) -> None:
    network = make_network(ndim=ndim)
    before = weights_of(network)
    trainer = Trainer(network, HEAD.loss, CONFIG, CPU)
    batch = make_batch(2, side=8, ndim=ndim)
    losses = [trainer.step(batch, 0.2) for _ in range(8)]
    assert losses[-1] < losses[0]
    assert same(weights_of(network), before)
    assert trainer.steps == 8


def test_the_rate_is_that_of_the_progress() -> None:
    trainer = Trainer(make_network(), HEAD.loss, CONFIG, CPU)
    for progress in (0.0, 0.05, 0.1, 0.7):
        trainer.step(make_batch(), progress)
        assert [group["lr"] for group in trainer.optimizer.param_groups] == [CONFIG.rate_at(progress)]


def test_weights_decay_as_asked() -> None:
    trainer = Trainer(make_network(), HEAD.loss, OptimizationConfig(weight_decay=0.3), CPU)
    assert {group["weight_decay"] for group in trainer.optimizer.param_groups} == {0.3}


def test_a_first_step_is_small_and_one_after_the_warm_up_is_not() -> None:
    """Adam's steps are as long as the rate, whatever the gradient."""

    def moved(progress: float) -> float:
        trainer = Trainer(make_network(), HEAD.loss, CONFIG, CPU)
        weight = trainer.network.final.weight.detach()
        before = weight.clone()
        trainer.step(make_batch(), progress)
        return float((weight - before).abs().max())

    assert moved(0.0) < 0.02 * moved(0.1)


def test_the_average_follows_slowly() -> None:
    trainer = Trainer(make_network(), HEAD.loss, CONFIG, CPU)
    expected = trainer.averaged.final.weight.clone()
    for step in range(1, 6):
        trainer.step(make_batch(seed=step), 0.3)
        share = min(0.9, (1 + step) / (10 + step))
        expected = share * expected + (1 - share) * trainer.network.final.weight.detach()
        torch.testing.assert_close(trainer.averaged.final.weight, expected)
    assert not torch.allclose(trainer.averaged.final.weight, trainer.network.final.weight, atol=1e-4)


def test_late_the_average_holds_what_it_was_told_to_hold() -> None:
    one, two = make_network(), make_network()
    with torch.no_grad():
        two.final.bias += 1.0
    average = RunningAverage(one, 0.75)
    average.follow(two, 1000)
    torch.testing.assert_close(average.network.final.bias, one.final.bias + 0.25)
    assert not average.network.training


def test_counts_are_copied_and_not_averaged() -> None:
    one = make_network()
    average = RunningAverage(one, 0.5)
    seen(one)
    average.follow(one, 3)
    norm = next(m for m in average.network.modules() if isinstance(m, nn.BatchNorm2d))
    assert int(norm.num_batches_tracked) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nothing_is_learned_from_what_is_no_number(value: float) -> None:
    trainer = Trainer(seen(make_network()), HEAD.loss, CONFIG, CPU)
    trainer.step(make_batch(), 0.3)
    parameters = [p.detach().clone() for p in trainer.network.parameters()]
    average = weights_of(trainer.averaged)
    spoilt = make_batch()
    spoilt.weights[0, 0, 3, 3] = value
    assert not abs(trainer.step(spoilt, 0.3)) < float("inf")
    assert trainer.steps == 2
    assert all(torch.equal(a, b) for a, b in zip(parameters, trainer.network.parameters(), strict=True))
    assert same(weights_of(trainer.averaged), average)
    assert abs(trainer.step(make_batch(), 0.3)) < float("inf")


def test_long_gradients_are_shortened() -> None:
    def gradient(clip: float) -> float:
        trainer = Trainer(make_network(), lambda *given: 1e4 * HEAD.loss(*given), OptimizationConfig(clip=clip), CPU)
        trainer.step(make_batch(), 0.3)
        return float(torch.stack([p.grad.norm() for p in trainer.network.parameters()]).norm())

    assert gradient(1.0) == pytest.approx(1.0, rel=1e-3)
    assert gradient(0.25) == pytest.approx(0.25, rel=1e-3)


# -- with replay -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_replay", [0, 1])
def test_statistics_of_a_trained_network_are_kept_if_asked_for(n_replay: int) -> None:
    parent = seen(make_network())
    means = [m.running_mean.clone() for m in parent.modules() if isinstance(m, nn.BatchNorm2d)]

    def means_after(how: Statistics) -> list[Tensor]:
        trainer = Trainer(parent, HEAD.loss, CONFIG, CPU, Teacher(parent, HEAD), statistics=how)
        trainer.step(make_batch(3, n_replay), 0.3)
        return [m.running_mean for m in trainer.network.modules() if isinstance(m, nn.BatchNorm2d)]

    assert same(means_after("keep"), means)
    assert not any(torch.equal(a, b) for a, b in zip(means_after("follow"), means, strict=True))


def test_a_patch_is_judged_alike_whatever_else_is_in_its_batch() -> None:
    """What the statistics of the batch would change."""
    trainer = Trainer(seen(make_network()), HEAD.loss, CONFIG, CPU, statistics="keep")
    trainer.step(make_batch(), 0.0)
    images = make_batch(3).images
    with torch.no_grad():
        torch.testing.assert_close(trainer.network(images)[:1], trainer.network(images[:1]))


def test_a_network_that_has_seen_nothing_finds_its_statistics() -> None:
    parent = make_network()
    trainer = Trainer(parent, HEAD.loss, CONFIG, CPU, Teacher(parent, HEAD))
    trainer.step(make_batch(3, 1), 0.3)
    assert all(int(m.num_batches_tracked) == 1 for m in trainer.network.modules() if isinstance(m, nn.BatchNorm2d))


def test_replay_counts_as_often_as_it_is_said_to() -> None:
    parent, batch = seen(make_network()), make_batch(4, 1)
    drifted = copy.deepcopy(parent)
    with torch.no_grad():
        drifted.final.bias += 2.0
    teacher = Teacher(parent, HEAD)
    together = Trainer(drifted, HEAD.loss, CONFIG, CPU, teacher, statistics="keep")._measure(batch)
    with torch.no_grad():
        logits = drifted(batch.images)
        taught = teacher.teach(batch.images, batch.targets, 1)
        new = HEAD.loss(logits[:3], batch.targets[:3], batch.weights[:3])
        old = HEAD.distil(logits[3:], taught[3:], batch.weights[3:])
    assert REPLAY_WEIGHT == 10
    torch.testing.assert_close(together.float().detach(), (3 * new + 10 * old) / 4, rtol=2e-2, atol=2e-2)
    assert old > 0.05


def test_replay_keeps_what_the_parent_said_where_corrections_say_otherwise() -> None:
    parent = seen(make_network())
    old = torch.randn(1, 1, 16, 16)

    def forgotten(n_replay: int) -> float:
        """How far the answer on an old image has moved after learning that everything else is background."""
        torch.manual_seed(1)
        images = torch.cat([torch.randn(2, 1, 16, 16), old])
        nothing = Batch(images, torch.zeros(3, 2, 16, 16), torch.ones(3, 1, 16, 16), 1)
        if not n_replay:
            nothing = Batch(images[:2], nothing.targets[:2], nothing.weights[:2])
        trainer = Trainer(parent, HEAD.loss, CONFIG, CPU, Teacher(parent, HEAD))
        for _ in range(25):
            trainer.step(nothing, 0.3)
        with torch.no_grad():
            return float((trainer.network.eval()(old).sigmoid() - parent(old).sigmoid()).abs().mean())

    assert forgotten(1) < 0.5 * forgotten(0)


def test_the_teacher_stays_as_it_was() -> None:
    parent = seen(make_network())
    teacher = Teacher(parent, HEAD)
    before = weights_of(teacher.network)
    trainer = Trainer(parent, HEAD.loss, CONFIG, CPU, teacher)
    trainer.step(make_batch(3, 1), 0.3)
    assert same(weights_of(teacher.network), before)
    assert not teacher.network.training


def test_unpadded_networks_are_taught_what_they_answer_for() -> None:
    network = make_network(padding="valid")
    batch = make_batch(3, 1, side=28)
    (taught,) = Teacher(network, HEAD).teach(batch.images, batch.targets, 1)[2:]
    answered = network(batch.images).shape[-1]
    margin = (28 - answered) // 2
    assert margin > 0
    assert torch.equal(taught[:, :margin], batch.targets[2, :, :margin])
    inner = slice(margin, margin + answered)
    assert not torch.equal(taught[:, inner, inner], batch.targets[2, :, inner, inner])
    assert Trainer(network, HEAD.loss, CONFIG, CPU, Teacher(network, HEAD)).step(batch, 0.3) > 0
