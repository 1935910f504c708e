"""Trained networks as embedders: real weights, and real architectures with made-up ones."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.command_line.main import main
from zograscope_server.embedding.backbones import Backbone, add_weights
from zograscope_server.models.catalogue import catalogue
from zograscope_server.models.loading import load_model

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
torchvision = pytest.importorskip("torchvision")
torch.set_num_threads(1)

REAL = {
    "tf_mobilenetv3_small_075_timm.pth": ("timm/tf_mobilenetv3_small_075", 1024),
    "mobilenet_v2_torchvision_dequantised.pth": ("torchvision/mobilenet_v2", 1280),
    "squeezenet1_1_torchvision.pth": ("torchvision/squeezenet1_1", 512),
}


def noise(seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (60, 90, 3), np.uint8)
    return Image.fromarray(pixels)


def embed(backbone: Backbone, pictures: list[Image.Image]) -> np.ndarray:
    prepared = np.stack([backbone.prepare(picture) for picture in pictures])
    return backbone.finish(backbone.embed(prepared))


def save_weights(path: Path, architecture: str, **options) -> Path:
    torch.manual_seed(0)
    torch.save(timm.create_model(architecture, **options).state_dict(), path)
    return path


@pytest.mark.parametrize("file", REAL)
def test_altered_copies_are_nearest_to_their_originals(shared, tmp_path, file):
    architecture, length = REAL[file]
    add_weights(shared / "weights" / "derived" / file, architecture, tmp_path, "mine")
    backbone = load_model("mine", tmp_path, "cpu", "embedding")
    paths = sorted((shared / "collection" / "postcards").glob("*.jpg"))[:12]
    originals = [Image.open(path).convert("RGB") for path in paths]
    for picture in originals:
        picture.thumbnail((400, 400))
    copies = [alter(picture) for picture in originals]
    vectors, of_copies = embed(backbone, originals), embed(backbone, copies)
    assert vectors.shape == (12, length)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    nearest = (of_copies @ vectors.T).argmax(axis=1)
    assert nearest.tolist() == list(range(12))


def alter(picture: Image.Image) -> Image.Image:
    """Flip, crop and darken."""
    width, height = picture.size
    box = (width // 12, height // 12, width - width // 15, height - height // 10)
    return ImageOps.mirror(picture).crop(box).point(lambda value: int(value * 0.8))


def test_pictures_are_prepared_as_timm_evaluates(tmp_path):
    """The same picture through timm's own evaluation transform and network."""
    name = "resnet18.tv_in1k"
    weights = save_weights(tmp_path / "resnet.pth", name)
    add_weights(weights, f"timm/{name}", tmp_path)
    backbone = Backbone(tmp_path / "resnet")
    network = timm.create_model(name, num_classes=0).eval()
    state = torch.load(weights, weights_only=True)
    network.load_state_dict({key: value for key, value in state.items() if "fc." not in key})
    settings = timm.data.resolve_model_data_config(network)
    transform = timm.data.create_transform(**settings, is_training=False)
    picture = Image.effect_noise((300, 420), 80).convert("RGB").resize((900, 400))
    with torch.inference_mode():
        expected = network(transform(picture)[None]).numpy()
    assert np.allclose(backbone.embed(backbone.prepare(picture)[None]), expected, atol=1e-4)


def test_the_way_the_catalogue_downloads_it_loads(tmp_path):
    """DINOv2's architecture made for 518 pixels works at 224, its positions resampled."""
    from safetensors.torch import save_file

    name = "vit_small_patch14_dinov2"
    torch.manual_seed(0)
    save_file(timm.create_model(name).state_dict(), tmp_path / "model.safetensors")
    settings = timm.get_pretrained_cfg(f"{name}.lvd142m").to_dict()
    config = {"architecture": name, "num_classes": 0, "pretrained_cfg": settings}
    (tmp_path / "config.json").write_text(json.dumps(config))
    backbone = Backbone(tmp_path)
    prepared = backbone.prepare(noise())
    assert (prepared.shape, prepared.dtype) == ((224, 224, 3), np.uint8)
    assert backbone.embed(prepared[None]).shape == (1, 384)


def test_weights_as_openai_published_them_load(tmp_path):
    """A file with both towers of CLIP: the eye is taken, and its projection left."""
    name = "vit_base_patch32_clip_224"
    torch.manual_seed(0)
    eye = timm.create_model(f"{name}.openai", num_classes=0)
    state = {f"visual.{key}": value for key, value in in_openais_words(eye.state_dict()).items()}
    state |= {"visual.proj": torch.zeros(768, 512), "token_embedding.weight": torch.zeros(3, 3)}
    torch.save(state, tmp_path / "clip.pth")
    add_weights(tmp_path / "clip.pth", f"timm/{name}.openai", tmp_path)
    backbone = Backbone(tmp_path / "clip")
    prepared = backbone.prepare(noise())[None]
    backbone._network, loaded = eye.eval(), backbone.embed(prepared)
    assert np.allclose(loaded, backbone.embed(prepared), atol=1e-5)
    assert loaded.shape == (1, 768)


def in_openais_words(state):
    """The inverse of timm's renaming, as OpenAI's file has it."""
    words = [
        ("patch_embed.proj.", "conv1."),
        ("norm_pre.", "ln_pre."),
        ("norm1.", "ln_1."),
        ("norm2.", "ln_2."),
        ("norm.", "ln_post."),
        ("blocks.", "transformer.resblocks."),
        ("attn.qkv.", "attn.in_proj_"),
        ("attn.proj.", "attn.out_proj."),
        ("mlp.fc1.", "mlp.c_fc."),
        ("mlp.fc2.", "mlp.c_proj."),
        ("cls_token", "class_embedding"),
        ("pos_embed", "positional_embedding"),
    ]

    def rename(key):
        for ours, theirs in words:
            key = key.replace(ours, theirs)
        return key

    tokens = {"cls_token": (0, 0), "pos_embed": 0}
    return {rename(key): value[tokens.get(key, ...)] for key, value in state.items()}


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (4000, 3), (90, 60)])
def test_pictures_of_any_shape_are_prepared(backbone, size):
    assert backbone.prepare(Image.new("RGB", size)).shape == (224, 224, 3)


@pytest.fixture
def backbone(tmp_path):
    save_weights(tmp_path / "small.pth", "tf_mobilenetv3_small_minimal_100")
    add_weights(tmp_path / "small.pth", "timm/tf_mobilenetv3_small_minimal_100", tmp_path)
    return Backbone(tmp_path / "small")


def test_a_batch_is_embedded_as_its_pictures_are(backbone):
    prepared = np.stack([backbone.prepare(noise(seed)) for seed in range(3)])
    alone = np.concatenate([backbone.embed(prepared[i : i + 1]) for i in range(3)])
    assert np.allclose(backbone.embed(prepared), alone, atol=1e-4)


def test_numbers_that_are_none_are_told(backbone):
    with torch.no_grad():
        next(backbone._network.parameters()).fill_(float("nan"))
    with pytest.raises(ZograscopeError) as caught:
        backbone.embed(backbone.prepare(noise())[None])
    assert caught.value.code == "model-file-wrong"


class Attack:
    """Would write a file if it were ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "I ran")


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("timm/resnet18", "another architecture"),
        ("timm/no_such_network", "timm has no architecture"),
        ("torchvision/no_such_network", "torchvision has no architecture"),
        ("hf-hub:timm/resnet18", "timm has no architecture"),
        ("torchvision/raft_small", "torchvision has no architecture"),
        ("torchvision/mobilenet_v3_small", "another architecture"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, capsys, architecture, words):
    weights = save_weights(tmp_path / "weights.pth", "tf_mobilenetv3_small_minimal_100")
    command = ["models", "add", str(weights), "--models", str(tmp_path / "models")]
    assert main([*command, "--architecture", architecture]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "models").exists()


def test_other_shapes_are_refused(tmp_path):
    weights = save_weights(tmp_path / "narrow.pth", "tf_mobilenetv3_small_minimal_100")
    state = torch.load(weights, weights_only=True)
    state["conv_stem.weight"] = state["conv_stem.weight"][:3]
    torch.save(state, weights)
    with pytest.raises(ZograscopeError, match="other shapes"):
        add_weights(weights, "timm/tf_mobilenetv3_small_minimal_100", tmp_path)


def test_pickled_code_is_never_run(tmp_path):
    proof = tmp_path / "proof"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"weight": Attack(proof)}, protocol=2))
    torch.save({"weight": Attack(proof)}, tmp_path / "worse.pth")
    for name in ("evil.pth", "worse.pth"):
        with pytest.raises(ZograscopeError) as caught:
            add_weights(tmp_path / name, "timm/resnet18", tmp_path / "models")
        assert caught.value.code == "model-file-wrong"
    assert not proof.exists()


def test_weights_are_added_by_command(tmp_path, capsys):
    weights = save_weights(tmp_path / "weights.pth", "tf_mobilenetv3_small_minimal_100")
    models = ["--models", str(tmp_path / "models")]
    architecture = ["--architecture", "timm/tf_mobilenetv3_small_minimal_100"]
    assert main(["models", "add", str(weights), *architecture, "--name", "mine", *models]) == 0
    assert main(["models", "list", "--json", *models]) == 0
    listing = json.loads(capsys.readouterr().out.partition("\n")[2])
    mine = next(model for model in listing if model["name"] == "mine")
    assert (mine["task"], mine["installed"], mine["default"]) == ("embedding", True, False)
    assert load_model("mine", tmp_path / "models", "cpu", "embedding").name == "mine"


def test_a_folder_of_weights_keeps_its_name(tmp_path):
    folder = tmp_path / "mine.v2"
    folder.mkdir()
    with pytest.raises(ZograscopeError, match="no file of weights"):
        add_weights(folder, "timm/tf_mobilenetv3_small_minimal_100", tmp_path / "models")
    save_weights(folder / "weights.pth", "tf_mobilenetv3_small_minimal_100")
    name = add_weights(folder, "timm/tf_mobilenetv3_small_minimal_100", tmp_path / "models")
    assert name == "mine.v2"
    assert load_model(name, tmp_path / "models", "cpu", "embedding").name == name


@pytest.mark.parametrize("name", ["dinov2-small", "default"])
def test_no_name_of_the_catalogue_is_taken(tmp_path, name):
    weights = save_weights(tmp_path / "weights.pth", "tf_mobilenetv3_small_minimal_100")
    with pytest.raises(ZograscopeError, match="rename"):
        add_weights(weights, "timm/tf_mobilenetv3_small_minimal_100", tmp_path, name)


def test_a_model_that_is_not_here_is_told(tmp_path):
    for model in catalogue().values():
        if model.purpose == "embedding" and not model.embedded:
            with pytest.raises(ZograscopeError, match="Download it"):
                load_model(model.name, tmp_path, "cpu", "embedding")
    with pytest.raises(ZograscopeError, match="is for depth"):
        load_model("classical", tmp_path, "cpu", "embedding")


def test_other_weights_are_another_revision(tmp_path):
    weights = save_weights(tmp_path / "a.pth", "tf_mobilenetv3_small_minimal_100")
    for name in ("one", "two"):
        add_weights(weights, "timm/tf_mobilenetv3_small_minimal_100", tmp_path / "models", name)
    one, two = (
        load_model(name, tmp_path / "models", "cpu", "embedding") for name in ("one", "two")
    )
    assert one.revision != two.revision
    assert one.revision == load_model("one", tmp_path / "models", "cpu", "embedding").revision
