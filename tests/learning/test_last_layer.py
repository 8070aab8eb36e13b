"""What can be learned before the first step: by the last layer, and by the statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from small_networks import CONFIG, CPU, HEAD, make_batch, make_network, same, seen, weights_of
from torch import Tensor, nn

from napari_unet.learning.last_layer import fit_last_layer, last_features
from napari_unet.learning.sampler import Batch
from napari_unet.learning.trainer import Trainer, adapt_statistics


def discs(n: int = 4, side: int = 32, shift: float = 0.0, factor: float = 1.0) -> Batch:
    """A bright disc on each image, in the middle; grey values shifted and stretched."""
    torch.manual_seed(3)
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    inside = ((y - side / 2) ** 2 + (x - side / 2) ** 2 < (side / 4) ** 2).float().expand(n, 1, side, side)
    images = (inside + 0.1 * torch.randn(n, 1, side, side)) * factor + shift
    return Batch(images, torch.cat([inside, inside], 1), torch.ones(n, 1, side, side))


def loss_of(batch: Batch):
    return lambda logits: HEAD.loss(logits, batch.targets, batch.weights)


def test_features_are_what_the_last_layer_sees() -> None:
    network, images = seen(make_network()), make_batch().images
    with torch.no_grad():
        torch.testing.assert_close(network.final(last_features(network, images)), network(images))


def test_the_last_layer_alone_learns() -> None:
    network, batch = seen(make_network()), discs()
    before = copy.deepcopy(network)
    untouched = fit_last_layer(network, [batch.images], [loss_of(batch)], steps=0)
    assert same(weights_of(network), weights_of(before))
    assert fit_last_layer(network, [batch.images], [loss_of(batch)]) < 0.97 * untouched
    changed = {
        name for name, value in network.state_dict().items() if not torch.equal(value, before.state_dict()[name])
    }
    assert changed == {"final.weight", "final.bias"}


def means(network: nn.Module) -> list[Tensor]:
    return [one.running_mean.clone() for one in network.modules() if isinstance(one, nn.BatchNorm2d)]


def test_statistics_become_those_of_the_new_images() -> None:
    network, images = seen(make_network()), discs(shift=40.0, factor=30.0).images
    adapt_statistics(network, [one for one in network.modules() if isinstance(one, nn.BatchNorm2d)], [images, images])
    first = network.encoder[0].conv1(images)
    norm = network.encoder[0].norm1
    torch.testing.assert_close(norm.running_mean, first.mean((0, 2, 3)), rtol=1e-3, atol=1e-3)
    assert norm.momentum == 0.1  # as before: who trains on finds it as it was
    assert not norm.training


def test_statistics_of_no_use_for_the_new_images_are_given_up() -> None:
    parent = seen(make_network())
    negative = Trainer(parent, HEAD.loss, CONFIG, CPU, statistics="keep")
    assert negative.begin([discs(shift=40.0, factor=-30.0)])
    assert not same(means(negative.network), means(parent))
    known = Trainer(parent, HEAD.loss, CONFIG, CPU, statistics="keep")
    assert known.begin([discs(shift=1.0, factor=3.0)])
    assert same(means(known.network), means(parent))
    for trainer in (negative, known):
        assert not torch.equal(trainer.network.final.weight, parent.final.weight)
        assert same(weights_of(trainer.network), weights_of(trainer.averaged))
    assert same(weights_of(parent), weights_of(seen(make_network())))  # the parent stays as it is


def test_then_the_average_is_normalized_by_the_last_batches() -> None:
    trainer = Trainer(seen(make_network()), HEAD.loss, CONFIG, CPU, statistics="keep")
    assert trainer.begin([discs(shift=40.0, factor=-30.0)])
    batches = [make_batch(seed=seed) for seed in range(8)]
    for batch in batches:
        trainer.step(batch, 0.3)
    first = trainer.averaged.encoder[0]
    with torch.no_grad():
        expected = torch.stack([first.conv1(batch.images).mean((0, 2, 3)) for batch in batches[-6:]]).mean(0)
    torch.testing.assert_close(first.norm1.running_mean, expected)
    assert not trainer.averaged.training
    before = weights_of(trainer.averaged)
    assert same(weights_of(trainer.averaged), before)
    trainer.step(batches[0], 0.3)
    assert not torch.equal(trainer.averaged.encoder[0].norm1.running_mean, expected)


def test_what_is_no_number_changes_nothing() -> None:
    parent, batch = seen(make_network()), discs()
    batch.weights[0, 0, 3, 3] = float("nan")
    trainer = Trainer(parent, HEAD.loss, CONFIG, CPU)
    assert not trainer.begin([batch])
    assert same(weights_of(trainer.network), weights_of(parent))


def test_a_network_that_has_seen_nothing_starts_as_it_is() -> None:
    network = make_network()
    trainer = Trainer(network, HEAD.loss, CONFIG, CPU)
    assert not trainer.begin([discs()])
    assert same(weights_of(trainer.network), weights_of(network))


def test_its_first_step_is_as_long_as_it_is_told_and_the_later_ones_shorter() -> None:
    """Adam moves every weight by the rate at first; the rate falls as a cosine does."""
    batch = discs()

    def moved(steps: int) -> float:
        network = seen(make_network())
        before = network.final.bias.detach().clone()
        fit_last_layer(network, [batch.images], [loss_of(batch)], steps=steps)
        return float((network.final.bias.detach() - before).abs().max())

    assert moved(1) == pytest.approx(0.04, rel=0.01)
    assert moved(2) == pytest.approx(0.06, rel=0.05)


def test_each_step_forgets_the_gradient_of_the_last() -> None:
    """The loss here is a line: its gradient is the same at every step, unless they add up."""
    network = seen(make_network())
    slopes = []
    network.final.bias.register_hook(lambda gradient: slopes.append(float(gradient.sum())))
    taken = []
    optimizer_step = torch.optim.Adam.step

    def look(self, *given):
        taken.append(float(network.final.bias.grad.sum()))
        return optimizer_step(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", look)
        fit_last_layer(network, [make_batch().images], [lambda logits: logits.mean()], steps=3)
    assert taken == pytest.approx([slopes[0]] * 3)
    assert all(parameter.grad is None for parameter in network.parameters())  # nothing is left behind
