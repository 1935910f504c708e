"""Networks that make images, and the one that judges them in training."""
