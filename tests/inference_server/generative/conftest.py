"""Files as NVIDIA's programs write them, by stand-ins for their classes, small."""

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn


def _reconstruct_persistent_obj(meta):
    raise AssertionError("nobody unpickles")


class EasyDict(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Network:
    """Of TensorFlow's time."""


SOURCE = "print('code of the file was run')"


class Persistent(nn.Module):
    """Is pickled as a class with its source."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self._init_args, self._init_kwargs = (), EasyDict(kwargs)

    def __reduce__(self):
        meta = {
            "type": "class",
            "version": 6,
            "module_src": SOURCE,
            "class_name": type(self).__name__,
            "state": self.__dict__,
        }
        return (_reconstruct_persistent_obj, (meta,), None)


class FullyConnectedLayer(Persistent):
    def __init__(self, inputs, outputs, activation="linear", learning=1, bias=0.0):
        super().__init__(in_features=inputs)
        self.activation = activation
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / learning)
        self.bias = nn.Parameter(bias + torch.randn(outputs) / learning * 0.1)
        self.weight_gain = learning / np.sqrt(inputs)  # a number of numpy's
        self.bias_gain = learning


class MappingNetwork(Persistent):
    def __init__(self, z_dim, c_dim, w_dim, layers, learning=0.01):
        super().__init__(mapping_kwargs=EasyDict(num_layers=layers))
        self.z_dim, self.c_dim, self.w_dim, self.num_layers = z_dim, c_dim, w_dim, layers
        inputs = z_dim + (w_dim if c_dim else 0)
        if c_dim:
            self.embed = FullyConnectedLayer(c_dim, w_dim)
        for layer in range(layers):
            fc = FullyConnectedLayer(inputs, w_dim, "lrelu", learning)
            self.add_module(f"fc{layer}", fc)
            inputs = w_dim
        self.register_buffer("w_avg", torch.randn(w_dim) * 0.5)


def _filter():
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return torch.outer(line, line)


class SynthesisLayer(Persistent):
    def __init__(self, inputs, outputs, w_dim, resolution, up, clamp):
        super().__init__()
        self.resolution, self.up, self.use_noise, self.activation = resolution, up, True, "lrelu"
        self.conv_clamp, self.act_gain = clamp, np.sqrt(2)
        self.register_buffer("resample_filter", _filter())
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        weight = torch.randn(outputs, inputs, 3, 3).to(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight)
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.noise_strength = nn.Parameter(torch.randn([]))
        self.bias = nn.Parameter(torch.randn(outputs) * 0.3)


class ToRGBLayer(Persistent):
    def __init__(self, inputs, colours, w_dim, clamp):
        super().__init__()
        self.conv_clamp = clamp
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(colours, inputs, 1, 1))
        self.bias = nn.Parameter(torch.randn(colours) * 0.3)
        self.weight_gain = 1 / np.sqrt(inputs)


class SynthesisBlock(Persistent):
    def __init__(self, inputs, outputs, w_dim, resolution, colours, clamp):
        super().__init__()
        self.resolution, self.architecture = resolution, "skip"
        self.register_buffer("resample_filter", _filter())
        if inputs == 0:
            self.const = nn.Parameter(torch.randn(outputs, 4, 4))
        else:
            self.conv0 = SynthesisLayer(inputs, outputs, w_dim, resolution, 2, clamp)
        self.conv1 = SynthesisLayer(outputs, outputs, w_dim, resolution, 1, clamp)
        self.torgb = ToRGBLayer(outputs, colours, w_dim, clamp)


class SynthesisNetwork(Persistent):
    def __init__(self, w_dim, widths, colours, clamp):
        super().__init__()
        self.block_resolutions = [4 << level for level in range(len(widths))]
        inputs = 0
        for side, outputs in zip(self.block_resolutions, widths, strict=True):
            block = SynthesisBlock(inputs, outputs, w_dim, side, colours, clamp)
            self.add_module(f"b{side}", block)
            inputs = outputs


class Generator(Persistent):
    def __init__(
        self, z_dim=6, c_dim=0, w_dim=5, widths=(6, 5, 4), colours=3, clamp=None, layers=3
    ):
        super().__init__()
        self.z_dim, self.img_channels, self.img_resolution = z_dim, colours, 4 << len(widths) - 1
        self.synthesis = SynthesisNetwork(w_dim, widths, colours, clamp)
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim, layers)


class Discriminator(Persistent):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 0))
        self.register_buffer("count", torch.tensor(3))


PLACES = {
    "torch_utils.persistence": (_reconstruct_persistent_obj,),
    "dnnlib.util": (EasyDict,),
    "dnnlib.tflib.network": (Network,),
}


class Official:
    """Writes files as the official programs do."""

    Generator = Generator
    EasyDict, Network = EasyDict, Network

    def content(self, generator: nn.Module) -> dict[str, Any]:
        """What a training of PyTorch's time leaves in a file."""
        options = EasyDict(class_name="training.dataset.ImageFolderDataset", resolution=16)
        return {
            "G": Discriminator(),
            "D": Discriminator(),
            "G_ema": generator.eval().requires_grad_(False),
            "augment_pipe": None,
            "training_set_kwargs": options,
        }

    def write(self, path: Path, content: Any, protocol: int = 4) -> Path:
        path.write_bytes(pickle.dumps(content, protocol))
        return path

    def of_tensorflow(self, generator: Any, **options: Any) -> tuple:
        """The same network as a training of TensorFlow's time left it."""

        def network(variables, **components):
            made = Network()
            made.version, made.name, made.build_module_src = 4, "Gs", SOURCE
            made.static_kwargs, made.components = EasyDict(options), EasyDict(components)
            made.variables = [(name, value.detach().numpy()) for name, value in variables.items()]
            return made

        def convolution(place, layer, flip=False):
            kernel = layer.weight.permute(2, 3, 1, 0)
            return {
                f"{place}/weight": kernel.flip(0, 1) if flip else kernel,
                f"{place}/bias": layer.bias,
                f"{place}/mod_weight": layer.affine.weight.T,
                f"{place}/mod_bias": layer.affine.bias - 1,
            }

        mapping, synthesis = {}, {}
        for layer in range(generator.mapping.num_layers):
            fc = generator.mapping.get_submodule(f"fc{layer}")
            mapping |= {f"Dense{layer}/weight": fc.weight.T, f"Dense{layer}/bias": fc.bias}
        number = 0
        for side in generator.synthesis.block_resolutions:
            block, place = generator.synthesis.get_submodule(f"b{side}"), f"{side}x{side}"
            if side == 4:
                synthesis[f"{place}/Const/const"] = block.const[None]
            names = (
                (("conv1", "Conv"),) if side == 4 else (("conv0", "Conv0_up"), ("conv1", "Conv1"))
            )
            for ours, theirs in names:
                layer = block.get_submodule(ours)
                synthesis |= convolution(f"{place}/{theirs}", layer, flip=ours == "conv0")
                synthesis[f"{place}/{theirs}/noise_strength"] = layer.noise_strength
                synthesis[f"noise{number}"] = layer.noise_const[None, None]
                number += 1
            synthesis |= convolution(f"{place}/ToRGB", block.torgb)
        averaged = network(
            {"lod": torch.tensor(0.0), "dlatent_avg": generator.mapping.w_avg},
            mapping=network(mapping),
            synthesis=network(synthesis),
        )
        return network({}), network({}), averaged


@pytest.fixture
def official(monkeypatch) -> Official:
    for place, things in PLACES.items():
        parts = place.split(".")
        for depth in range(1, len(parts) + 1):
            name = ".".join(parts[:depth])
            if name not in sys.modules:
                monkeypatch.setitem(sys.modules, name, ModuleType(name))
        for thing in things:
            setattr(sys.modules[place], thing.__name__, thing)
            monkeypatch.setattr(thing, "__module__", place)
    torch.manual_seed(0)
    return Official()
