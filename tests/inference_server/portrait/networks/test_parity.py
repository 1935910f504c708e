"""Both networks agree with the official ones: maps to 1e-3, pixels to 2e-3, every key loaded."""

import numpy as np
import pytest
import torch
from zograscope_server.portrait import loading
from zograscope_server.portrait.networks import motion
from zograscope_server.portrait.networks.fomm import DenseMotion, Fomm, LocalMotion
from zograscope_server.portrait.networks.liveportrait import LivePortrait
from zograscope_server.portrait.networks.movers import read_head

MAPS, PIXELS = 1e-3, 2e-3


def near(found, expected, tolerance=MAPS):
    found = np.asarray(found, np.float32)
    assert found.shape == expected.shape
    assert np.abs(found - expected.astype(np.float32)).max() <= tolerance


def picture(fixtures, name):
    return torch.from_numpy(fixtures[f"{name}_u8"]).permute(2, 0, 1)[None] / 255.0


def filled(kind, networks):
    """Load strictly, under the names of the files."""
    return loading.fill(
        kind,
        {
            f"{name.rpartition('/')[2]}.{key}": value
            for name, state in networks.items()
            for key, value in state.items()
        },
    )


@pytest.fixture(scope="module", params=["as loaded", "folded"])
def fomm(request, made_weights):
    weights = made_weights("fomm")
    network = filled(Fomm, weights)
    assert set(network.generator.state_dict()) == set(weights["generator"])
    assert set(network.kp_detector.state_dict()) == set(weights["kp_detector"])
    if request.param == "folded":
        network.fold()
    return network


@pytest.fixture(scope="module")
def of_fomm(parity):
    return np.load(parity / "fomm_vox256.npz")


def local(fixtures, name) -> LocalMotion:
    values = [fixtures[f"kp_{name}_{what}"] for what in ("value", "jacobian")]
    return LocalMotion(*map(torch.from_numpy, values))


@torch.inference_mode()
@pytest.mark.parametrize("name", ["source", "driving0", "driving1"])
def test_points_of_the_first_order_model(fomm, of_fomm, name):
    found = fomm.kp_detector(picture(of_fomm, name))
    near(found.points, of_fomm[f"kp_{name}_value"], 1e-4)
    near(found.jacobians, of_fomm[f"kp_{name}_jacobian"])


@torch.inference_mode()
@pytest.mark.parametrize("align", [True, False])
def test_pictures_of_the_first_order_model(fomm, of_fomm, align):
    generator, start = fomm.generator, f"ac{int(align)}_"
    generator.align_corners = align
    encoded = generator.encode(picture(of_fomm, "source"))
    near(encoded.features[:, ::16, ::8, ::8], of_fomm["gen_encoder_slice"])
    source = local(of_fomm, "source")
    for name, kind in (("rel_adapt", ""), ("driving1", "_absolute")):
        made = generator(encoded, source, local(of_fomm, name))
        near(made[..., ::8, ::8], of_fomm[f"{start}prediction{kind}_f32"], PIXELS)
        if not kind:
            near(made[..., ::2, ::2], of_fomm[f"{start}prediction"], PIXELS)
    flow = generator.flow(encoded, source, local(of_fomm, "rel_adapt"))
    near(flow.mask[..., ::4, ::4], of_fomm[f"{start}mask"])
    near(flow.places, of_fomm[f"{start}deformation"])
    near(flow.occlusion, of_fomm[f"{start}occlusion"])
    seen = DenseMotion.look(encoded.small, flow.looks, align_corners=align)
    near(seen[..., ::8, ::8], of_fomm[f"{start}sparse_deformed"])
    generator.align_corners = True


def test_relative_motion_of_the_first_order_model(of_fomm):
    source, neutral, now = (
        motion.Local(of_fomm[f"kp_{name}_value"][0], of_fomm[f"kp_{name}_jacobian"][0])
        for name in ("source", "driving0", "driving1")
    )
    moved = motion.transfer_local(source, neutral, now)
    near(moved.points[None], of_fomm["kp_rel_value"], 1e-5)
    scale = motion.size_ratio(source.points, neutral.points)
    assert scale == pytest.approx(float(of_fomm["adapt_scale"]), abs=1e-5)
    moved = motion.transfer_local(source, neutral, now, scale=scale)
    near(moved.points[None], of_fomm["kp_rel_adapt_value"], 1e-5)
    near(moved.jacobians[None], of_fomm["kp_rel_adapt_jacobian"], 1e-4)


@pytest.fixture(scope="module")
def of_liveportrait(parity):
    return np.load(parity / "liveportrait.npz")


@pytest.fixture(scope="module")
def liveportrait(made_weights, of_liveportrait):
    weights = made_weights("liveportrait")
    network = filled(LivePortrait, weights)
    for name, state in weights.items():
        part = getattr(network, name.rpartition("/")[2])
        assert set(part.state_dict()) == set(state)
    layer = network.spade_generator.G_middle_0.conv_0
    stretch = layer.weight_u @ layer.weight_orig.detach().flatten(1) @ layer.weight_v
    expected = float(of_liveportrait["sigma_G_middle_0.conv_0"])
    assert float(stretch) == pytest.approx(expected, abs=1e-5)
    network.fold()
    return network


@torch.inference_mode()
def test_motion_of_liveportrait(liveportrait, of_liveportrait):
    for name in ("source", "driving0", "driving1"):
        raw = liveportrait.motion_extractor(picture(of_liveportrait, name))
        head = read_head(raw)
        near(head.rotation[None], of_liveportrait[f"{name}_R"], 1e-4)
        near(head.expression[None], of_liveportrait[f"{name}_exp"], 1e-4)
        near(head.placed()[None], of_liveportrait[f"{name}_x"], 1e-4)


@torch.inference_mode()
def test_pictures_of_liveportrait(liveportrait, of_liveportrait):
    volume = liveportrait.appearance_feature_extractor(picture(of_liveportrait, "source"))
    near(volume[:, ::4, ::4, ::8, ::8], of_liveportrait["feature_3d"])
    warping = liveportrait.warping_module
    summary = warping.dense_motion_network.summary(volume)
    near(summary[:, :, ::4, ::8, ::8], of_liveportrait["compressed"])
    source, driving = (
        torch.from_numpy(of_liveportrait[name]) for name in ("source_x", "x_d_stitched")
    )
    flow = warping.dense_motion_network(summary, source, driving)
    near(flow.mask[:, :, ::5, ::16, ::16], of_liveportrait["mask"])
    near(flow.places[:, ::3, ::4, ::4], of_liveportrait["deformation"])
    near(flow.occlusion, of_liveportrait["occlusion"])
    warped = warping(volume, summary, source, driving)
    near(warped[:, ::8, ::8, ::8], of_liveportrait["warped"])
    made = liveportrait.spade_generator(warped)
    assert made.shape == (1, 3, 512, 512)
    near(made[..., ::16, ::16], of_liveportrait["prediction_f32"], PIXELS)
    near(made[..., ::4, ::4], of_liveportrait["prediction"], PIXELS)


@torch.inference_mode()
def test_stitching_and_retargeting_of_liveportrait(liveportrait, of_liveportrait):
    def asker(network):
        return lambda values: network(torch.tensor(values[None], dtype=torch.float32))[0].numpy()

    source = of_liveportrait["source_x"][0]
    driving = of_liveportrait["kp_driving_synthetic"][0]
    stitched = motion.stitch(asker(liveportrait.retarget_shoulder), source, driving)
    near(stitched[None], of_liveportrait["x_d_stitched"], 1e-4)
    lip = asker(liveportrait.retarget_mouth)(np.append(source.ravel(), [0.21, 0.05]))
    near(lip[None], of_liveportrait["lip_delta"], 1e-4)
    eye = asker(liveportrait.retarget_eye)(np.append(source.ravel(), [0.35, 0.33, 0.10]))
    near(eye[None], of_liveportrait["eye_delta"], 1e-4)
