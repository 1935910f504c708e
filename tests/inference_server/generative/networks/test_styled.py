"""The generator that is trained here: folded, kept, mixed, and quiet where it is coarse."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.nn import functional
from zograscope_protocol.generative.tasks import base_grid
from zograscope_server.generative.generator import latents_of, to_pictures
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.networks.styled import KIND, StyledGenerator
from zograscope_server.generative.weights.generator_file import KIND as METADATA
from zograscope_server.generative.weights.generator_file import GeneratorFile

SMALL = Shape(columns=4, rows=4, doublings=4, channels=4, colours=3)


def trained_a_little(shape: Shape) -> StyledGenerator:
    """A generator whose weights and statistics are those of no beginning."""
    torch.manual_seed(3)
    generator = StyledGenerator(shape, trained=True)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for _ in range(3):
            generator.features(wide(generator, torch.randn(8, 256)))
    generator.mean_style.normal_()
    return generator.eval()


def wide(generator: StyledGenerator, latents: torch.Tensor) -> torch.Tensor:
    return generator.styles(latents)[:, None].expand(-1, len(generator.resolutions), -1)


def styles_of(generator: StyledGenerator, *seeds: int) -> torch.Tensor:
    return wide(generator, torch.from_numpy(latents_of(seeds, 256)))


@pytest.fixture(scope="module")
def generator() -> StyledGenerator:
    return trained_a_little(SMALL).folded().requires_grad_(False)


@pytest.mark.parametrize("shape", [SMALL, Shape(4, 6, 4, 4, 1), Shape(4, 4, 5, 4, 3)])
def test_folded_it_makes_the_same_images(shape):
    trained = trained_a_little(shape)
    styles = styles_of(trained, 1, 2, 3)
    with torch.no_grad():
        wanted, found = trained.images(styles, 5), trained.folded().images(styles, 5)
    assert found.shape == (3, shape.colours, *shape.size[::-1])
    assert wanted.std() > 0.05
    torch.testing.assert_close(found, wanted, atol=3e-5, rtol=1e-4)


def test_what_is_kept_is_read_again(generator, tmp_path):
    generator.save(tmp_path / "model.safetensors", {"collection": "maps"})
    read = StyledGenerator.load(tmp_path / "model.safetensors")
    styles = styles_of(generator, 1, 2)
    close = (read.images(styles, 0) - generator.images(styles, 0)).abs().max()
    assert close < 0.01, "half precision"
    assert read.size == generator.size
    torch.testing.assert_close(read.mean_style, generator.mean_style, atol=1e-2, rtol=1e-3)


def test_an_image_depends_on_nothing_beside_it(generator):
    styles = styles_of(generator, *range(6))
    together = to_pictures(generator.images(styles, 0))
    for number in range(6):
        alone = to_pictures(generator.images(styles[number : number + 1], 0))[0]
        assert abs(alone.astype(int) - together[number]).max() <= 1


def test_noise_is_its_seeds_and_acts_on_fine_features_only(generator):
    styles = styles_of(generator, 1)
    first, again, other = (generator.images(styles, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    noise = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    one, two = (generator.features(styles, drawn) for drawn in noise)
    for resolution, features, others in zip(generator.resolutions, one, two, strict=True):
        assert torch.equal(features, others) == (resolution <= 16)


def test_where_noise_begins_is_kept_with_the_weights(tmp_path):
    still = trained_a_little(replace(SMALL, noisy_from=128)).folded()
    still.save(tmp_path / "still.safetensors")
    read, styles = StyledGenerator.load(tmp_path / "still.safetensors"), styles_of(still, 1)
    assert not [name for name in read.state_dict() if name.endswith("noise")]
    with torch.no_grad():
        assert torch.equal(read.images(styles, 1), read.images(styles, 2))


def test_files_of_before_have_noise_from_32_pixels_on(generator, tmp_path):
    path = tmp_path / "earlier.safetensors"
    generator.save(path)
    measures = {name: value for name, value in vars(SMALL).items() if name != "noisy_from"}
    state = GeneratorFile.read(path, KIND).state
    GeneratorFile(KIND, measures, {}, dict(state)).write(path)
    assert StyledGenerator.load(path).shape == SMALL


def test_fine_styles_leave_the_coarse_image(generator):
    one, other = styles_of(generator, 1, 2)
    mixed = torch.cat([one[:-1], other[-1:]])
    image, fine, whole = generator.images(torch.stack([one, mixed, other]), 0)

    def coarse(image):
        return functional.avg_pool2d(image, 16)

    changed = (image - fine).abs().mean()
    assert changed > 1e-3
    assert (coarse(image) - coarse(fine)).abs().mean() < (
        coarse(image) - coarse(whole)
    ).abs().mean()


def test_style_weights_are_what_styles_meet(generator):
    weights = generator.style_weights()
    assert len(weights) == len(generator.resolutions)
    assert all(matrix.shape[1] == generator.style_size for matrix in weights)


@given(st.integers(64, 1024), st.integers(64, 1024))
def test_sizes_are_grids_that_are_doubled(width, height):
    grid = base_grid(width, height)
    if grid is None:
        return
    columns, rows, doublings = grid
    assert 4 <= min(columns, rows) <= 7
    assert 4 <= doublings <= 8
    assert Shape(columns, rows, doublings, 16, 3).size == (width, height)


def test_all_sizes_of_the_paper_are_grids():
    assert [base_grid(side, side)[2] for side in (64, 128, 256, 512, 1024)] == [4, 5, 6, 7, 8]


def test_a_seed_is_stylegans():
    import numpy as np

    wanted = np.random.RandomState(85).randn(1, 512).astype(np.float32)
    np.testing.assert_array_equal(latents_of([85], 512), wanted)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {METADATA: "other"},
        {METADATA: KIND},
        {METADATA: KIND, "shape": json.dumps({"columns": 10**9})},
        {METADATA: KIND, "shape": json.dumps(vars(SMALL) | {"doublings": 30})},
        {METADATA: KIND, "shape": json.dumps(vars(SMALL))},
    ],
)
def test_other_files_are_refused(metadata, tmp_path):
    save_file({"mean_style": torch.zeros(256)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises((ValueError, RuntimeError)):
        StyledGenerator.load(tmp_path / "other.safetensors")
