"""Trained networks as embedders: timm's and torchvision's backbones, without their classifiers.

A model is a folder with one file of weights and a config.json as timm writes it: `architecture`
names the network ("vit_small_patch14_dinov2", or "torchvision/mobilenet_v2"), `pretrained_cfg` says
how pictures are prepared. Weights are safetensors, or a state dict that is read with weights_only;
nothing is downloaded here and no code of a checkpoint is run.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.embedding.embedder import READ_SIDE, unit_length
from zograscope_server.models.catalogue import CONFIG, check_name_is_free
from zograscope_server.models.errors import ModelError

if TYPE_CHECKING:
    import torch

VERSION = 1  # of how pictures are prepared here, which vectors depend on
TORCHVISION, TIMM = "torchvision/", "timm/"
WEIGHTS = ("*.safetensors", "*.pth", "*.pt", "*.bin", "*.tar")

USUAL_SIDE = 224  # for networks made for larger pictures than are read here
LONGEST_ASPECT = 4.0  # a timeline strip is cut to its middle before it is blown up

# How torchvision's classifiers were evaluated, in timm's words.
_TORCHVISION_PREPARATION = {
    "input_size": [3, 224, 224],
    "crop_pct": 0.875,
    "interpolation": "bilinear",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}
_TORCHVISION_CLASSIFIERS = ("fc", "classifier", "heads", "head")


class Backbone:
    """An embedder from a model folder."""

    def __init__(
        self, folder: Path, *, device: str = "cpu", name: str = "", revision: str = ""
    ) -> None:
        """Load it.

        Args:
            folder: with config.json and one file of weights.
            device: of torch; on a graphics card in mixed precision.
            name: the folder's name by default.
            revision: of folder and weights.

        Raises:
            ZograscopeError: `model-file-wrong`.
        """
        self.name = name or folder.name
        self.revision = f"backbone {VERSION} {revision or self.name}"
        self._device = device
        try:
            config = json.loads((folder / CONFIG).read_text("utf-8"))
            network, preparation = _build(config, _find_weights(folder))
            self._prepare = _preparation(preparation)
            self._network = network.to(device).eval()
            self._mean = _channels(preparation["mean"], device)
            self._deviation = _channels(preparation["std"], device)
        except Exception as error:
            raise _wrong(folder, error) from error

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Resize an RGB picture and cut its middle, as the network was evaluated."""
        tensor = self._prepare(_without_far_ends(picture))
        return tensor.permute(1, 2, 0).contiguous().numpy()

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Return the (n, d) float32 features of (n, h, w, 3) uint8 prepared pictures.

        Raises ZograscopeError `model-file-wrong` where they are not numbers.
        """
        import torch

        on_card = self._device.startswith("cuda")
        with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled=on_card):
            values = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)
            values = (values.float() / 255.0 - self._mean) / self._deviation
            features = self._network(values).float().flatten(1).cpu().numpy()
        if not np.isfinite(features).all():
            raise ModelError(
                "model-file-wrong", name=self.name, problem="what it answers are not numbers"
            )
        return features

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        """Bring vectors to unit length: such networks compare by angle."""
        return unit_length(vectors)


def add_weights(source: Path, architecture: str, models_folder: Path, name: str = "") -> str:
    """Make a model of a weights file of one's own, once it is seen to fit; return its name.

    Args:
        source: a file of weights, or a folder with one.
        architecture: "timm/NAME" or "torchvision/NAME".
        models_folder: its folder is made there.
        name: of the model; the source's name by default.

    Raises:
        ZograscopeError: `model-file-wrong`, `file-not-found`, `spool-full`.
    """
    if not source.exists():
        raise ZograscopeError("file-not-found", path=str(source))
    name = name or (source.name if source.is_dir() else source.stem)
    check_name_is_free(name, source)
    if Path(name).name != name:
        raise ModelError("model-file-wrong", name=name, problem="its name is not a file name")
    try:
        weights = _find_weights(source) if source.is_dir() else source
        config = {
            "architecture": architecture.removeprefix(TIMM),
            "pretrained_cfg": _usual_preparation(architecture),
        }
        _build(config, weights)
    except Exception as error:
        raise _wrong(source, error) from error
    folder = models_folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights, folder / f"model{weights.suffix}")
        (folder / CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")
    except OSError as error:
        raise ZograscopeError("spool-full", str(error)) from error
    return name


def _build(config: dict[str, Any], weights: Path) -> "tuple[torch.nn.Module, dict[str, Any]]":
    """Return the network with its weights, and timm's data configuration.

    Raises ValueError, in words for the artist, where something does not fit.
    """
    from timm.data import resolve_data_config
    from timm.models import load_state_dict

    architecture = str(config.get("architecture", ""))
    settings = dict(config.get("pretrained_cfg") or _usual_preparation(architecture))
    preparation = resolve_data_config(pretrained_cfg=settings, use_test_size=True)
    if preparation["input_size"][-1] > READ_SIDE:
        preparation["input_size"] = (3, USUAL_SIDE, USUAL_SIDE)
    state = load_state_dict(str(weights), weights_only=True)
    if architecture.startswith(TORCHVISION):
        network, classifiers = _torchvision_network(architecture.removeprefix(TORCHVISION))
    else:
        side = preparation["input_size"][-1] if settings.get("fixed_input_size") else None
        network, classifiers = _timm_network(architecture, side)
        state = _in_timms_words(architecture, state, network)
    _load(network, state, classifiers)
    return network, preparation


def _timm_network(architecture: str, side: int | None) -> "tuple[torch.nn.Module, tuple[str, ...]]":
    """Return timm's network without classifier, and what its classifier is called.

    `side` is the input size of networks that are built for one; their position embeddings are
    resampled to it.
    """
    import timm

    if not timm.is_model(architecture.partition(".")[0]):
        raise ValueError(f"timm has no architecture {architecture!r}")
    options: dict[str, Any] = {} if side is None else {"img_size": side}
    network = timm.create_model(architecture, pretrained=False, num_classes=0, **options)
    settings: Any = network.pretrained_cfg
    classifiers = settings.get("classifier") or ()
    return network, (classifiers,) if isinstance(classifiers, str) else tuple(classifiers)


def _in_timms_words(
    architecture: str, state: dict[str, Any], network: "torch.nn.Module"
) -> dict[str, Any]:
    """Bring weights as their authors published them to timm's names and sizes, by timm's rules."""
    import timm

    entry = timm.models.model_entrypoint(architecture.partition(".")[0])
    translate = getattr(sys.modules[entry.__module__], "checkpoint_filter_fn", None)
    return state if translate is None else translate(state, network)


def _torchvision_network(architecture: str) -> "tuple[torch.nn.Module, tuple[str, ...]]":
    """Return torchvision's network without classifier, and what its classifier was called."""
    import torchvision
    from torch import nn

    if architecture not in torchvision.models.list_models(torchvision.models):
        raise ValueError(f"torchvision has no architecture {architecture!r}")
    network = torchvision.models.get_model(architecture, weights=None)
    for classifier in _TORCHVISION_CLASSIFIERS:
        if head := getattr(network, classifier, None):
            convolves = any(isinstance(layer, nn.Conv2d) for layer in head.modules())
            # A classifier that convolves (SqueezeNet's) is handed a map, not a vector.
            setattr(network, classifier, nn.AdaptiveAvgPool2d(1) if convolves else nn.Identity())
            return network, (classifier,)
    raise ValueError(f"torchvision's {architecture!r} has no classifier that is known here")


def _load(network: "torch.nn.Module", state: dict[str, Any], classifiers: tuple[str, ...]) -> None:
    """Load weights strictly, but for the classifier's, which are dropped."""
    wanted = set(network.state_dict())
    dropped = tuple(f"{classifier}." for classifier in classifiers)
    given = {key: value for key, value in state.items() if not key.startswith(dropped)}
    missing, strange = sorted(wanted - set(given)), sorted(set(given) - wanted)
    if missing or strange:
        raise ValueError(
            f"its weights are of another architecture: {len(missing)} are missing"
            f" and {len(strange)} are strange, such as {(missing + strange)[0]!r}"
        )
    try:
        network.load_state_dict(given)
    except RuntimeError as error:
        raise ValueError("its weights have other shapes than the architecture's") from error


def _usual_preparation(architecture: str) -> dict[str, Any]:
    """Return how pictures are prepared for an architecture, in the words of timm's config.json."""
    import timm

    if architecture.startswith(TORCHVISION):
        return dict(_TORCHVISION_PREPARATION)
    name = architecture.removeprefix(TIMM)
    if not timm.is_model(name.partition(".")[0]):
        raise ValueError(f"timm has no architecture {name!r}")
    known = timm.get_pretrained_cfg(name)
    settings = {} if known is None else known.to_dict()
    of_tests = ("test_input_size", "test_crop_pct")
    wanted = (*_TORCHVISION_PREPARATION, *of_tests, "crop_mode", "fixed_input_size")
    return {key: settings[key] for key in wanted if settings.get(key) is not None}


def _preparation(preparation: dict[str, Any]) -> Any:
    """Return timm's transform from a picture to a uint8 tensor (3, h, w)."""
    from timm.data import create_transform

    return create_transform(**preparation, is_training=False, normalize=False)


def _without_far_ends(picture: Image.Image) -> Image.Image:
    """Cut a very long picture to its middle, of which the network sees a part anyway."""
    width, height = picture.size
    longest = max(1, round(LONGEST_ASPECT * min(width, height)))
    left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
    if not left and not top:
        return picture
    return picture.crop((left, top, width - left, height - top))


def _find_weights(folder: Path) -> Path:
    for pattern in WEIGHTS:
        if found := sorted(folder.glob(pattern)):
            return found[0]
    raise ValueError("it has no file of weights")


def _channels(values: Any, device: str) -> "torch.Tensor":
    import torch

    return torch.tensor(values, device=device).reshape(1, 3, 1, 1)


def _wrong(source: Path, error: Exception) -> ZograscopeError:
    problem = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ModelError("model-file-wrong", str(error), name=str(source), problem=problem)
