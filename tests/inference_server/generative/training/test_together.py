"""Several processes train one model, as `torchrun` starts them."""

import json
import os
import subprocess
import sys

import torch
from zograscope_server.generative.networks.styled import StyledGenerator


def test_two_processes_train_one_model(drawings, tmp_path):
    output = tmp_path / "model.safetensors"
    options = ["--images", "0.032", "--batch", "4", "--channels", "4", "--sample-every", "0.02"]
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"),
        *("--standalone", "-m", "zograscope_server.command_line", "train", str(drawings)),
        *(*options, "--output", str(output), "--grids", str(tmp_path / "grids"), "--json"),
    ]
    environment = os.environ | {"ZOGRASCOPE_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert card["finished"]
    assert card["shown"] >= 32
    generator = StyledGenerator.load(output)
    assert torch.isfinite(generator.images(torch.randn(1, 5, 256), 0)).all()
    assert (tmp_path / "grids" / "memorised.png").is_file()
    assert len(list((tmp_path / "grids").glob("0*.png"))) >= 1
