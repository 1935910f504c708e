"""Training of the embedded depth network on procedural scenes: `python -m training.depth`."""
