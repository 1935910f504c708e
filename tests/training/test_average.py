"""The mean of two weights is their mean, and says of which."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from training.depth.average import average


def test_the_middle_of_two_ends(tmp_path: Path) -> None:
    ends = [tmp_path / "first.safetensors", tmp_path / "second.safetensors"]
    for path, value, pictures in zip(ends, (1.0, 2.0), ("20", "10"), strict=True):
        weights = {"weight": torch.full((2, 3), value, dtype=torch.float16)}
        save_file(weights, path, metadata={"name": "a network", "pictures": pictures})
    average(*ends, tmp_path / "middle.safetensors")
    found = load_file(tmp_path / "middle.safetensors")["weight"]
    assert found.dtype == torch.float16
    assert torch.equal(found, torch.full((2, 3), 1.5, dtype=torch.float16))
    with safe_open(tmp_path / "middle.safetensors", "pt") as file:
        facts = file.metadata()
    assert facts["name"] == "a network"
    assert facts["pictures"] == "20"
    assert "later" in facts["mean_of"]
    average(*ends, tmp_path / "near.safetensors", share=0.25)
    near = load_file(tmp_path / "near.safetensors")["weight"]
    assert torch.equal(near, torch.full((2, 3), 1.25, dtype=torch.float16))


def test_two_networks_have_no_middle(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a")
    save_file({"a": torch.zeros(3)}, tmp_path / "b")
    with pytest.raises(ValueError, match="different networks"):
        average(tmp_path / "a", tmp_path / "b", tmp_path / "c")
