"""Depth networks through the real path: real architectures, made tiny, with random weights."""

import json

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.estimate import estimate_depth
from zograscope_server.depth.learned import LearnedDepth
from zograscope_server.images import Photograph
from zograscope_server.models.loading import load_model

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
torch.set_num_threads(1)

FIELD_OF_VIEW = 45.0
TINY_VIT = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def save(folder, model, processor) -> None:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def depth_anything(folder, **changes) -> None:
    backbone = transformers.Dinov2Config(
        **TINY_VIT,
        image_size=70,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[8, 16, 16, 16],
        fusion_hidden_size=16,
        head_hidden_size=8,
        **changes,
    )
    torch.manual_seed(0)
    processor = transformers.DPTImageProcessor(
        size={"height": 70, "width": 70}, keep_aspect_ratio=True, ensure_multiple_of=14
    )
    save(folder, transformers.DepthAnythingForDepthEstimation(config), processor)


def dpt(folder) -> None:
    config = transformers.DPTConfig(
        **TINY_VIT,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=16,
        is_hybrid=False,
    )
    torch.manual_seed(0)
    processor = transformers.DPTImageProcessor(size={"height": 64, "width": 64})
    save(folder, transformers.DPTForDepthEstimation(config), processor)


def depth_pro(folder) -> None:
    vit = transformers.Dinov2Config(**TINY_VIT, image_size=32, patch_size=8)
    config = transformers.DepthProConfig(
        image_model_config=vit,
        patch_model_config=vit,
        fov_model_config=vit,
        patch_size=32,
        fusion_hidden_size=16,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[16, 16],
        scaled_images_ratios=[0.25, 0.5, 1],
        scaled_images_overlap_ratios=[0.0, 0.5, 0.25],
        scaled_images_feature_dims=[32, 16, 16],
        use_fov_model=True,
        num_fov_head_layers=2,
    )
    torch.manual_seed(0)
    processor = transformers.DepthProImageProcessor(size={"height": 128, "width": 128})
    model = transformers.DepthProForDepthEstimation(config)
    with torch.no_grad():
        # Random weights would answer with no depth at all and a view of less than nothing.
        model.fov_model.head.layers[-1].bias.fill_(FIELD_OF_VIEW)
        for layer in model.head.layers:
            if hasattr(layer, "bias") and layer.bias is not None:
                layer.bias.fill_(0.5)
    save(folder, model, processor)


def dpt_hybrid(folder) -> None:
    """Like the published one, with a state dict where others have safetensors."""
    backbone = transformers.BitConfig(
        num_channels=3,
        embedding_size=8,
        hidden_sizes=[8, 16, 32],
        depths=[1, 1, 1],
        num_groups=4,
        layer_type="bottleneck",
        global_padding="same",
        embedding_dynamic_padding=True,
        out_features=["stage1", "stage2", "stage3"],
    )
    config = transformers.DPTConfig(
        **TINY_VIT,
        image_size=64,
        patch_size=16,
        backbone_config=backbone,
        backbone_featmap_shape=[1, 32, 4, 4],
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 16, 8, 8],
        neck_ignore_stages=[0, 1],
        fusion_hidden_size=16,
        is_hybrid=True,
    )
    torch.manual_seed(0)
    processor = transformers.DPTImageProcessor(size={"height": 64, "width": 64})
    model = transformers.DPTForDepthEstimation(config)
    save(folder, model, processor)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


@pytest.fixture
def photograph() -> Photograph:
    y, x = np.mgrid[:96, :160]
    pixels = np.stack([x * 255 // 159, y * 255 // 95, (x + y) % 256], axis=-1).astype(np.uint8)
    return Photograph(pixels, None, None, "made")


@pytest.mark.parametrize("make", [depth_anything, dpt, dpt_hybrid])
def test_a_relative_network(make, photograph, tmp_path):
    make(tmp_path / "mine")
    model = load_model("mine", tmp_path, "cpu")
    raw = model.estimate(photograph.pixels)
    assert (raw.near, raw.far, raw.model) == (None, None, "mine")
    assert raw.disparity.dtype == np.float32
    assert len(np.unique(raw.disparity)) > 300, "an 8-bit pipeline would leave 256 values"
    depth = estimate_depth(photograph, model=model)
    assert depth.disparity.shape == (96, 160)
    assert 0.0 <= depth.disparity.min() < depth.disparity.max() <= 1.0


def test_the_shape_of_the_picture_is_kept(photograph, tmp_path):
    depth_anything(tmp_path / "mine")
    rows, columns = load_model("mine", tmp_path, "cpu").estimate(photograph.pixels).disparity.shape
    assert columns / rows == pytest.approx(160 / 96, rel=0.15)


def test_a_metric_network_gives_metres(photograph, tmp_path):
    depth_anything(tmp_path / "mine", depth_estimation_type="metric", max_depth=20)
    depth = LearnedDepth(tmp_path / "mine").estimate(photograph.pixels)
    assert depth.metric
    assert 0.0 < depth.near < depth.far <= 20.0


def test_depth_pro_gives_metres_and_the_field_of_view(photograph, tmp_path):
    depth_pro(tmp_path / "pro")
    depth = LearnedDepth(tmp_path / "pro").estimate(photograph.pixels)
    assert depth.metric
    assert depth.field_of_view == pytest.approx(FIELD_OF_VIEW, abs=2.0)
    assert len(np.unique(depth.disparity)) > 300


def test_a_network_that_wants_its_own_code_is_refused(tmp_path):
    dpt(tmp_path / "mine")
    path = tmp_path / "mine" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.py"}}))
    with pytest.raises(ZograscopeError, match="code of its own"):
        LearnedDepth(tmp_path / "mine")


def test_pickled_code_is_never_run(tmp_path):
    dpt(tmp_path / "mine")
    (tmp_path / "mine" / "model.safetensors").unlink()
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    torch.save({"x": Evil()}, tmp_path / "mine" / "pytorch_model.bin")
    with pytest.raises(ZograscopeError) as caught:
        LearnedDepth(tmp_path / "mine")
    assert caught.value.code == "model-file-wrong"
    assert not marker.exists()


def test_a_damaged_file_is_told(tmp_path):
    dpt(tmp_path / "mine")
    weights = tmp_path / "mine" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ZograscopeError) as caught:
        load_model("mine", tmp_path, "cpu")
    assert caught.value.code == "model-file-wrong"
    assert str(tmp_path / "mine") in caught.value.sentence


@pytest.mark.parametrize(
    ("name", "code"), [("nobody", "unknown-model"), ("depth-pro", "model-not-installed")]
)
def test_a_model_that_is_not_here_is_told(tmp_path, name, code):
    with pytest.raises(ZograscopeError) as caught:
        load_model(name, tmp_path, "cpu")
    assert caught.value.code == code
