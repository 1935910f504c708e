"""Images are changed as the numbers say, and gradients go through it."""

import torch
from zograscope_server.generative.training.augmentation import CHANGES, augment, draw_changes

NEUTRAL = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.5, -9.0, -9.0])


def pictures() -> torch.Tensor:
    return torch.rand(3, 3, 16, 24) * 2 - 1


def changed(number: int, value: float) -> torch.Tensor:
    changes = NEUTRAL.repeat(3, 1)
    changes[:, number] = value
    return changes


def test_nothing_is_changed_by_neutral_numbers():
    images = pictures()
    torch.testing.assert_close(augment(images, NEUTRAL.repeat(3, 1)), images)


def test_light_saturation_and_contrast():
    images = pictures()
    brighter = augment(images, changed(0, 1.0))
    torch.testing.assert_close(brighter, images + 0.5)
    grey = augment(images, changed(1, 0.0))
    torch.testing.assert_close(grey, images.mean(1, keepdim=True).expand_as(images))
    flatter = augment(images, changed(2, 0.0))
    torch.testing.assert_close(flatter.std((1, 2, 3)), images.std((1, 2, 3)) / 2)


def test_images_move_by_an_eighth_at_most():
    images = pictures()
    down = augment(images, changed(3, 1.0))
    torch.testing.assert_close(down[:, :, :-2], images[:, :, 2:])
    assert not down[:, :, -2:].any()
    right = augment(images, changed(4, 0.0))
    torch.testing.assert_close(right[:, :, :, 3:], images[:, :, :, :-3])


def test_a_quarter_of_the_sides_is_cut_out():
    changes = NEUTRAL.repeat(3, 1)
    changes[:, 5:] = 0.5
    cut = augment(torch.ones(3, 3, 16, 24), changes)
    assert (cut == 0).sum() == 3 * 3 * 3 * 5
    assert not cut[:, :, 7:10, 10:15].any()


def test_gradients_pass():
    torch.manual_seed(0)
    images = pictures().requires_grad_()
    changes = draw_changes(3, images.device)
    assert changes.shape == (3, CHANGES)
    augment(images, changes).square().sum().backward()
    assert (images.grad != 0).float().mean() > 0.5
