"""Grids without gaps or overlaps: which cells a shape has, and which tile goes into which."""
