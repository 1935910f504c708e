"""Takes a StyleGAN2 generator out of an official `.pkl` file, of PyTorch's time or TensorFlow's.

Of all that a training left in the file only the averaged generator is kept. What its images depend
on and what is not known here (another filter, another activation, another architecture) is refused
in words, rather than shown wrongly.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zograscope_server.generative.weights.unpickling import (
    TENSORFLOW_NETWORK,
    Record,
    read_pickle,
)
from zograscope_server.models.errors import ModelError

if TYPE_CHECKING:
    from zograscope_server.generative.networks.stylegan2 import Measures, StyleGan2

FILTER = (1, 3, 3, 1)
RECTIFIER = "lrelu"
AVERAGED = "G_ema"
TENSORFLOW_LEARNING = 0.01
TENSORFLOW_OPTIONS = {
    "architecture": "skip",
    "nonlinearity": RECTIFIER,
    "mapping_nonlinearity": RECTIFIER,
    "normalize_latents": True,
    "use_noise": True,
}
PARTS = ("mapping", "synthesis")
Arrays = dict[str, np.ndarray]


def read_stylegan2(path: Path) -> "StyleGan2":
    """Return the averaged generator of an official file.

    Raises:
        ZograscopeError: `pickle-refused` for a file that wants anything but weights,
            `model-file-wrong` for one that is no such network, with why.
    """
    content = read_pickle(path)
    try:
        return _generator_of(content)
    except Exception as error:
        told = str(error) if isinstance(error, ValueError) else "it is damaged"
        raise ModelError("model-file-wrong", repr(error), name=str(path), problem=told) from error


def _generator_of(content: Any) -> "StyleGan2":
    if isinstance(content, tuple) and len(content) == 3:  # trained, judge, averaged
        content = content[2]
    if isinstance(content, Record) and content.kind == TENSORFLOW_NETWORK:
        return _of_tensorflow(content)
    if not isinstance(content, dict) or not isinstance(content.get(AVERAGED), Record):
        raise ValueError("it holds no generator of StyleGAN2")
    return _of_torch(content[AVERAGED])


# Files of PyTorch: modules, each with its children and its own weights.


def _of_torch(generator: Record) -> "StyleGan2":
    _check_class(generator, "Generator", set(PARTS))
    mapping, synthesis = _child(generator, "mapping"), _child(generator, "synthesis")
    if "input" in _children(synthesis):
        raise ValueError(
            "it is a network of StyleGAN3; only those of StyleGAN2 and StyleGAN2-ADA can be walked"
        )
    resolutions = _resolutions(f"{name}/" for name in _children(synthesis))
    layers = sum(name.startswith("fc") for name in _children(mapping))
    names = {f"fc{layer}" for layer in range(layers)}
    _check_class(mapping, "MappingNetwork", names | ({"embed"} & set(_children(mapping))))
    _check_class(synthesis, "SynthesisNetwork", {f"b{resolution}" for resolution in resolutions})
    for name, layer in _children(mapping).items():
        _check_class(layer, "FullyConnectedLayer", set())
        _check_equal(layer, "activation", "linear" if name == "embed" else RECTIFIER)
    clamps = [
        clamp for side in resolutions for clamp in _clamps(_child(synthesis, f"b{side}"), side)
    ]
    if any(clamp != clamps[0] for clamp in clamps):
        raise ValueError("its layers are clamped at different values")
    learning = _of_state(_child(mapping, "fc0"), "bias_gain")
    return _built(dict(_weights(generator)), learning, clamps[0])


def _clamps(block: Record, resolution: int) -> list[Any]:
    """Return at what the layers of one resolution are clamped; refuse what is not known here."""
    layers = ["conv1"] if resolution == 4 else ["conv0", "conv1"]
    _check_class(block, "SynthesisBlock", {*layers, "torgb"})
    _check_equal(block, "architecture", "skip")
    for name in layers:
        layer = _child(block, name)
        _check_class(layer, "SynthesisLayer", {"affine"})
        _check_equal(layer, "activation", RECTIFIER)
        smoothing = _array(_of_state(layer, "_buffers").get("resample_filter"))
        line = np.array(FILTER) / np.sum(FILTER)
        if smoothing.shape != (4, 4) or not np.allclose(smoothing, np.outer(line, line)):
            raise ValueError("it doubles images by another filter than StyleGAN2")
    _check_class(_child(block, "torgb"), "ToRGBLayer", {"affine"})
    for name in (*layers, "torgb"):
        affine = _child(_child(block, name), "affine")
        _check_class(affine, "FullyConnectedLayer", set())
        _check_equal(affine, "activation", "linear")
    return [_of_state(_child(block, name), "conv_clamp") for name in (*layers, "torgb")]


def _weights(module: Record, place: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the weights of a module and its children, by name; which these are was checked."""
    own = {**_of_state(module, "_parameters"), **_of_state(module, "_buffers")}
    for name, value in own.items():
        if value is not None and name != "resample_filter":
            yield place + name, _array(value)
    for name, child in _children(module).items():
        yield from _weights(child, f"{place}{name}.")


def _check_class(module: Record, name: str, children: set[str]) -> None:
    """Check that a module is of that class, and has these children and no others."""
    found = _children(module)
    if module.kind != name or set(found) != children:
        odd = sorted(set(found) ^ children)
        what = f"a {module.kind}" + (f" with {odd[0]!r}" if module.kind == name else "")
        raise ValueError(
            f"it is of another architecture than StyleGAN2: there is {what} in place of a {name}"
        )


def _check_equal(module: Record, name: str, wanted: Any) -> None:
    found = _of_state(module, name)
    if found != wanted:
        told = repr(found) if isinstance(found, str) else "something else"
        raise ValueError(f"its {name} is {told}, and only {wanted!r} can be shown")


def _children(module: Record) -> dict[str, Record]:
    children = _of_state(module, "_modules")
    if not all(isinstance(child, Record) for child in children.values()):
        raise ValueError("a part of it is missing")
    return children


def _child(module: Record, name: str) -> Record:
    children = _children(module)
    if name not in children:
        raise ValueError(f"it has no part {name!r}")
    return children[name]


def _of_state(module: Record, name: str) -> Any:
    if not isinstance(module.state, dict) or name not in module.state:
        raise ValueError(f"a part of it says nothing of {name!r}")
    return module.state[name]


# Files of TensorFlow: networks, each with components and a list of variables.


def _of_tensorflow(network: Record) -> "StyleGan2":
    options = _of_state(network, "static_kwargs")
    variables = dict(_variables(network))
    if not any(name.startswith("synthesis/4x4/Conv/mod_weight") for name in variables):
        raise ValueError("it holds no generator of StyleGAN2; older networks cannot be walked")
    for option, wanted in TENSORFLOW_OPTIONS.items():
        _check_equal(Record("", {option: wanted, **options}), option, wanted)
    if tuple(options.get("resample_kernel") or FILTER) != FILTER:
        raise ValueError("it doubles images by another filter than StyleGAN2")
    learning = options.get("mapping_lrmul", TENSORFLOW_LEARNING)
    return _built(_renamed(variables), learning, options.get("conv_clamp"))


def _variables(network: Record) -> Iterator[tuple[str, np.ndarray]]:
    components = _of_state(network, "components")
    for place, part in (("", network), *((f"{name}/", components.get(name)) for name in PARTS)):
        if not isinstance(part, Record) or part.kind != TENSORFLOW_NETWORK:
            raise ValueError("it has no mapping or no synthesis")
        for name, value in _of_state(part, "variables"):
            yield f"{place}{name}", _array(value)


def _renamed(variables: Arrays) -> Arrays:
    """Return TensorFlow's variables under PyTorch's names, turned to its axes."""
    if any(name.startswith("mapping/LabelConcat") for name in variables):
        raise ValueError("it was trained on classes in a way that is not known here")
    renamed: Arrays = {}

    def move(new: str, old: str, turn: Any = lambda value: value) -> None:
        if old not in variables:
            raise ValueError(f"it has no weights {old!r}")
        renamed[new] = turn(variables[old])

    def convolution(new: str, old: str, *, flipped: bool = False) -> None:
        def turn(kernel: np.ndarray) -> np.ndarray:
            kernel = kernel[::-1, ::-1] if flipped else kernel
            return kernel.transpose(3, 2, 0, 1)

        move(f"{new}.weight", f"{old}/weight", turn)
        move(f"{new}.bias", f"{old}/bias")
        move(f"{new}.affine.weight", f"{old}/mod_weight", np.transpose)
        move(f"{new}.affine.bias", f"{old}/mod_bias", lambda bias: bias + 1)

    def noise(new: str, old: str, number: int) -> None:
        move(f"{new}.noise_strength", f"{old}/noise_strength")
        move(f"{new}.noise_const", f"synthesis/noise{number}", lambda value: value[0, 0])

    move("mapping.w_avg", "dlatent_avg")
    for name in variables:
        layer, _, what = name.removeprefix("mapping/").partition("/")
        if name.startswith("mapping/") and what in ("weight", "bias"):
            new = layer.replace("Dense", "fc").replace("LabelEmbed", "embed")
            move(f"mapping.{new}.{what}", name, np.transpose)
    move("synthesis.b4.const", "synthesis/4x4/Const/const", lambda value: value[0])
    resolutions = _resolutions(name.removeprefix("synthesis/") for name in variables)
    for doublings, side in enumerate(resolutions):
        new, old = f"synthesis.b{side}", f"synthesis/{side}x{side}"
        second = "Conv1" if doublings else "Conv"
        if doublings:
            convolution(f"{new}.conv0", f"{old}/Conv0_up", flipped=True)
            noise(f"{new}.conv0", f"{old}/Conv0_up", 2 * doublings - 1)
        convolution(f"{new}.conv1", f"{old}/{second}")
        noise(f"{new}.conv1", f"{old}/{second}", 2 * doublings)
        convolution(f"{new}.torgb", f"{old}/ToRGB")
    return renamed


# Both.


def _resolutions(names: Any) -> list[int]:
    """Return the resolutions that names begin with, as `b8/` or `8x8/`; from 4 on, each doubled."""
    begun = {name.partition("/")[0].partition("x")[0].removeprefix("b") for name in names}
    found = sorted(int(text) for text in begun if text.isdecimal() and len(text) < 6)
    if not found or found != [4 << doublings for doublings in range(len(found))]:
        raise ValueError("its images do not grow from 4 x 4 pixels by doubling")
    return found


def _built(arrays: Arrays, learning: Any, clamp: Any) -> "StyleGan2":
    import torch

    from zograscope_server.generative.networks.stylegan2 import StyleGan2

    measures = _measures(arrays, learning, clamp)
    tensors = {
        name: torch.from_numpy(np.array(value, np.float32, order="C"))
        for name, value in arrays.items()
    }
    return StyleGan2.filled(measures, tensors)


def _measures(arrays: Mapping[str, np.ndarray], learning: Any, clamp: Any) -> "Measures":
    from zograscope_server.generative.networks.stylegan2 import Measures

    def shape(name: str, dimensions: int) -> tuple[int, ...]:
        if name not in arrays or arrays[name].ndim != dimensions:
            raise ValueError(f"it has no weights {name!r}")
        return arrays[name].shape

    resolutions = _resolutions(
        name.removeprefix("synthesis.").partition(".")[0] + "/"
        for name in arrays
        if name.startswith("synthesis.")
    )
    embedding, labels = (
        shape("mapping.embed.weight", 2) if "mapping.embed.weight" in arrays else (0, 0)
    )
    hidden, inputs = shape("mapping.fc0.weight", 2)
    return Measures(
        latent=inputs - embedding,
        style=shape("mapping.w_avg", 1)[0],
        labels=labels,
        embedding=embedding,
        hidden=hidden,
        layers=sum(name.startswith("mapping.fc") and name.endswith(".weight") for name in arrays),
        learning=learning,
        widths=tuple(shape(f"synthesis.b{side}.conv1.weight", 4)[0] for side in resolutions),
        colours=shape(f"synthesis.b{resolutions[-1]}.torgb.weight", 4)[0],
        clamp=clamp,
    )


def _array(value: Any) -> np.ndarray:
    if not isinstance(value, Record) or not isinstance(value.state, np.ndarray):
        raise ValueError("a weight of it is no array")
    return value.state
