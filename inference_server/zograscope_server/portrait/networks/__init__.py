"""Trained networks that move portraits: the first-order motion model, and LivePortrait."""
