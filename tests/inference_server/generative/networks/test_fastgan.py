"""Checkpoints with the official names make the images that the paper's definition makes."""

import pytest
import torch
from torch.nn import functional
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.generative.networks.fastgan import FastGan, Measures
from zograscope_server.generative.weights.fastgan_checkpoint import read_fastgan

TWO_LAYERS, EXCITED = (8, 32, 128, 512), (64, 128, 256, 512)
SHARES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}


def checkpoint_state(
    side: int, channels: int, latent: int, colours: int, contrast: float = 0.5
) -> dict:
    """A state dict of the official program: names, shapes and order; numbers by chance."""
    state: dict = {}
    width = {resolution: int(share * channels) for resolution, share in SHARES.items()}

    def convolution(name, *shape, transposed=False):
        weight = torch.randn(shape)
        matrix = (weight.transpose(0, 1) if transposed else weight).flatten(1)
        u, _, v = (part.squeeze() for part in torch.svd_lowrank(matrix, 1))
        state[f"{name}.weight_orig"] = weight
        state[f"{name}.weight_u"] = functional.normalize(u.reshape(-1), dim=0)
        state[f"{name}.weight_v"] = functional.normalize(v.reshape(-1), dim=0)

    def norm(name, size):
        state[f"{name}.weight"] = torch.rand(size) + contrast
        state[f"{name}.bias"] = torch.randn(size) * 0.5
        state[f"{name}.running_mean"] = torch.randn(size) * 0.2
        state[f"{name}.running_var"] = torch.rand(size) + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    def stage(resolution):
        inputs, outputs = width[resolution // 2], width[resolution]
        name = f"feat_{resolution}"
        convolution(f"{name}.1", 2 * outputs, inputs, 3, 3)
        if resolution in TWO_LAYERS:
            state[f"{name}.2.weight"] = torch.randn(1)
            norm(f"{name}.3", 2 * outputs)
            convolution(f"{name}.5", 2 * outputs, outputs, 3, 3)
            state[f"{name}.6.weight"] = torch.randn(1)
            norm(f"{name}.7", 2 * outputs)
        else:
            norm(f"{name}.2", 2 * outputs)

    def excitation(resolution):
        if resolution in EXCITED:
            coarse, fine = width[resolution // 16], width[resolution]
            convolution(f"se_{resolution}.main.1", fine, coarse, 4, 4)
            convolution(f"se_{resolution}.main.3", fine, fine, 1, 1)

    convolution("init.init.0", latent, 2 * width[4], 4, 4, transposed=True)
    norm("init.init.1", 2 * width[4])
    for resolution in (8, 16, 32, 64, 128, 256):
        stage(resolution)
    for resolution in (64, 128, 256):
        excitation(resolution)
    convolution("to_128", colours, width[128], 1, 1)
    convolution("to_big", colours, width[side], 3, 3)
    for resolution in (512, 1024):
        if resolution <= side:
            stage(resolution)
            excitation(resolution)
    return state


def reference(state: dict, latents, side: int, noise_seed: int):
    """The paper's generator in float64, from a state dict; noise is drawn layer by layer."""
    chance = torch.Generator().manual_seed(noise_seed)
    values = {key: value.double() for key, value in state.items()}

    def weight(name, transposed=False):
        value = values[f"{name}.weight_orig"]
        matrix = (value.transpose(0, 1) if transposed else value).flatten(1)
        return value / (values[f"{name}.weight_u"] @ matrix @ values[f"{name}.weight_v"])

    def normed(x, name):
        part = {key: values[f"{name}.{key}"][:, None, None] for key in
                ("weight", "bias", "running_mean", "running_var")}  # fmt: skip
        size = (part["running_var"] + 1e-5).sqrt()
        return (x - part["running_mean"]) / size * part["weight"] + part["bias"]

    def gated(x):
        half = x.shape[1] // 2
        return x[:, :half] * torch.sigmoid(x[:, half:])

    def noised(x, name):
        drawn = torch.randn(1, 1, *x.shape[2:], generator=chance)
        return x + values[f"{name}.weight"] * drawn.double()

    x = functional.conv_transpose2d(
        latents.double()[:, :, None, None], weight("init.init.0", transposed=True)
    )
    features = {4: gated(normed(x, "init.init.1"))}
    resolution = 4
    while resolution < side:
        x = features[resolution].repeat_interleave(2, 2).repeat_interleave(2, 3)
        resolution *= 2
        name = f"feat_{resolution}"
        x = functional.conv2d(x, weight(f"{name}.1"), padding=1)
        if resolution in TWO_LAYERS:
            x = gated(normed(noised(x, f"{name}.2"), f"{name}.3"))
            x = functional.conv2d(x, weight(f"{name}.5"), padding=1)
            x = gated(normed(noised(x, f"{name}.6"), f"{name}.7"))
        else:
            x = gated(normed(x, f"{name}.2"))
        if resolution in EXCITED:
            seen = functional.adaptive_avg_pool2d(features[resolution // 16], 4)
            seen = functional.conv2d(seen, weight(f"se_{resolution}.main.1"))
            seen = seen * torch.sigmoid(seen)
            seen = functional.conv2d(seen, weight(f"se_{resolution}.main.3"))
            x = x * torch.sigmoid(seen)
        features[resolution] = x
    image = functional.conv2d(x, weight("to_big"), padding=1)
    return torch.tanh(image) if side == 1024 else image


@pytest.fixture(autouse=True)
def same_chance():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("side", "channels", "latent", "colours", "contrast"),
    [(256, 4, 7, 3, 1.5), (512, 4, 5, 1, 1.0), (1024, 8, 5, 3, 0.5)],
)
def test_a_checkpoint_makes_the_images_of_the_paper(
    tmp_path, side, channels, latent, colours, contrast
):
    state = checkpoint_state(side, channels, latent, colours, contrast)
    torch.save({"g": state, "d": {"weight": torch.zeros(1)}}, tmp_path / "50000.pth")
    read = read_fastgan(tmp_path / "50000.pth")
    assert read is not None
    assert read.measures == Measures(side, channels, latent, colours)
    read.save(tmp_path / "model.safetensors", {"from": "50000.pth"})
    network = FastGan.load(tmp_path / "model.safetensors")

    latents = torch.randn(1, latent)
    assert torch.equal(network.styles(latents), latents)
    assert not network.mean_style.any()
    expected = reference(state, latents, side, noise_seed=3)
    found = network.images(latents[:, None], 3)
    assert found.shape == (1, colours, side, side)
    assert network.size == (side, side)
    assert expected.std() > 0.1
    # Random weights can make numbers of any size where no tangent ends them.
    assert (found - expected).abs().max() < 1e-4 * max(1, expected.abs().max())


def test_images_depend_on_nothing_but_their_style_and_the_seed(tmp_path):
    torch.save({"g": checkpoint_state(256, 2, 4, 3)}, tmp_path / "a.pth")
    network = read_fastgan(tmp_path / "a.pth")
    assert network is not None
    styles = torch.randn(1, 1, 4).repeat(2, 1, 1)
    both = network.images(styles, 3)
    assert torch.allclose(both[0], both[1], atol=1e-5)
    assert torch.allclose(network.images(styles[:1], 3)[0], both[0], atol=1e-5)
    assert (network.images(styles, 4) - both).abs().max() > 1e-2


def test_averages_come_in_the_order_of_the_parameters(tmp_path):
    """Several cards leave `module.`; running means are those of the network that was trained."""
    state, averaged = (checkpoint_state(256, 2, 4, 3) for _ in range(2))
    buffers = ("_u", "_v", "running_mean", "running_var", "tracked")
    for key in state:
        if key.endswith(buffers):
            averaged[key] = state[key]
    listed = [value for key, value in averaged.items() if not key.endswith(buffers)]
    content = {"g": {f"module.{key}": value for key, value in state.items()}, "g_ema": listed}
    torch.save({**content, "opt_g": {"state": {}}}, tmp_path / "all_50000.pth")
    read = read_fastgan(tmp_path / "all_50000.pth")
    assert read is not None
    assert {key: value.tolist() for key, value in read.state_dict().items()} == {
        key: value.tolist() for key, value in averaged.items()
    }


def test_a_bare_state_dict_and_averages_by_name_are_read(tmp_path):
    state, averaged = (checkpoint_state(256, 2, 4, 3) for _ in range(2))
    torch.save(state, tmp_path / "bare.pth")
    torch.save({"g": state, "g_ema": averaged}, tmp_path / "named.pth")
    for name, wanted in (("bare", state), ("named", averaged)):
        read = read_fastgan(tmp_path / f"{name}.pth")
        assert read is not None
        assert torch.equal(read.get_parameter("to_big.weight_orig"), wanted["to_big.weight_orig"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content["g"].pop("se_64.main.1.weight_orig"), "1 are missing"),
        (lambda content: content["g"].update(attention=torch.zeros(1)), "1 are strange"),
        (lambda content: content["g"].pop("to_big.weight_orig"), "another architecture"),
        (lambda content: content.update(g_ema=[torch.zeros(1)]), "not as many"),
        (lambda content: content.update(g_ema=[torch.zeros(1)] * 47), "do not fit"),
        (lambda content: content.update(g_ema=torch.zeros(2)), "not as many"),
        (lambda content: content["g"].update({"init.init.0.weight_orig": torch.zeros(3)}),
         "is damaged|another|values to unpack"),
        (lambda content: content["g"].update({"init.init.0.weight_orig": 5}), "is damaged"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path, spoil, words):
    content = {"g": checkpoint_state(256, 2, 4, 3)}
    parameters = [key for key in content["g"] if "weight_u" not in key]
    assert len(parameters) > 47
    if "do not fit" in words:
        ends = ("_u", "_v", "running_mean", "running_var", "tracked")
        count = sum(not key.endswith(ends) for key in content["g"])
        content["g_ema"] = [torch.zeros(1)] * count
    else:
        spoil(content)
    torch.save(content, tmp_path / "all.pth")
    with pytest.raises(ZograscopeError, match=words) as caught:
        read_fastgan(tmp_path / "all.pth")
    assert caught.value.code == "model-file-wrong"


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


@pytest.mark.parametrize(
    "content",
    [b"words", b"", {"g": [1]}, {"state_dict": {}}, [1, 2], {"g": {"weight": torch.zeros(1)}},
     {"g": Trap()}],
)  # fmt: skip
def test_other_files_are_none_of_these(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    assert read_fastgan(path) is None


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_it_can_be_trained_as_the_paper_has_it(side):
    network = FastGan(Measures(side, 4, 8))
    images = network(torch.randn(2, 8))
    assert [image.shape[-1] for image in images] == ([side, 128] if side > 128 else [side])
    sum(image.square().mean() for image in images).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_folding_changes_no_image():
    network = FastGan(Measures(128, 4, 8))
    for _ in range(3):
        network(torch.randn(4, 8))
    for name, parameter in network.named_parameters():
        if parameter.shape == (1,):  # noise, which begins at nothing
            parameter.data.fill_(0.7)
            assert name.endswith(".weight")
    network.eval().requires_grad_(False)
    styles = torch.randn(2, 1, 8)
    before = network.images(styles, 1)
    weights = network.init.init[0].weight
    assert (network.fold().images(styles, 1) - before).abs().max() < 1e-5
    assert network.style_weights()[0].shape == (weights.shape[1] * 16, 8)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network.modules())


@pytest.mark.parametrize(
    "wrong", [{"side": 96}, {"channels": 0}, {"channels": 1}, {"latent": "8"}, {"colours": 2}]
)
def test_measures_of_no_network_are_refused(wrong):
    good = {"side": 256, "channels": 2, "latent": 8, "colours": 3}
    assert Measures(**good).width(256) == 1
    with pytest.raises(ValueError, match="its "):
        Measures(**{**good, **wrong})
