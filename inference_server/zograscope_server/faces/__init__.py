"""Faces in pictures and clips: what portraits, depth and training need of them."""
