"""Weights that an artist brought: reading them safely, and keeping them as safetensors."""
