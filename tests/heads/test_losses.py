"""Losses know what was reviewed, and fall when the answer gets better."""

from __future__ import annotations

import numpy as np
import torch

from napari_unet.heads.instances.losses import distillation_loss, instance_loss
from napari_unet.heads.instances.targets import make_targets
from napari_unet.heads.losses import soft_dice_loss


def disc_targets() -> torch.Tensor:
    y, x = np.mgrid[:32, :32]
    return torch.from_numpy(make_targets((np.hypot(y - 16, x - 16) < 9).astype(int)))[None]


def logits_of(targets: torch.Tensor) -> torch.Tensor:
    return torch.logit(targets.clamp(1e-3, 1 - 1e-3))


def test_the_right_answer_has_the_least_loss() -> None:
    targets, weights = disc_targets(), torch.ones(1, 1, 32, 32)
    right = instance_loss(logits_of(targets), targets, weights)
    wrong = instance_loss(logits_of(1 - targets), targets, weights)
    none = instance_loss(torch.zeros_like(targets), targets, weights)
    assert right < 0.02 < none < wrong


def test_a_network_without_seams_is_trained_without_them() -> None:
    targets, weights = disc_targets(), torch.ones(1, 1, 32, 32)
    logits = logits_of(targets)
    assert instance_loss(logits[:, :2], targets, weights) < instance_loss(logits, targets, weights) < 0.03
    missed = logits.clone()
    missed[:, 2] = 5.0
    assert instance_loss(missed, targets, weights) > 1


def test_what_nobody_reviewed_carries_no_loss_and_no_gradient() -> None:
    targets, weights = disc_targets(), torch.ones(1, 1, 32, 32)
    weights[..., 16:] = 0
    logits = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = instance_loss(logits, targets, weights)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient[..., 16:].any()
    assert gradient[..., :16].any()
    changed = logits.detach().clone()
    changed[..., 16:] = 50.0
    assert torch.equal(instance_loss(changed, targets, weights), loss.detach())


def test_a_batch_without_any_reviewed_pixel_is_harmless() -> None:
    logits = torch.zeros(1, 2, 8, 8, requires_grad=True)
    loss = instance_loss(logits, torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8))
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert not logits.grad.any()


def test_dice_of_nothing_in_nothing_is_no_loss() -> None:
    empty = torch.zeros(1, 1, 8, 8)
    assert soft_dice_loss(empty, empty, torch.ones_like(empty)) == 0


def test_who_says_what_the_teacher_says_is_pulled_nowhere() -> None:
    said = torch.rand(2, 2, 16, 16, generator=torch.Generator().manual_seed(0)).clamp(0.02, 0.98)
    logits = torch.logit(said).requires_grad_()
    weights = torch.ones(2, 1, 16, 16)
    distillation_loss(logits, said, weights).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6
    by_dice = torch.logit(said).requires_grad_()
    instance_loss(by_dice, said, weights).backward()
    assert by_dice.grad is not None
    assert by_dice.grad[:, 0].abs().max() > 1e-5  # what the other loss would do


def test_another_answer_than_the_teachers_costs() -> None:
    said = torch.full((1, 2, 8, 8), 0.7)
    weights = torch.ones(1, 1, 8, 8)
    same = distillation_loss(torch.logit(said), said, weights)
    for logits in (torch.logit(said) + 1, torch.logit(said) - 1):
        assert distillation_loss(logits, said, weights) > same
