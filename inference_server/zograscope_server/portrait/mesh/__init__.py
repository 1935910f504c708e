"""Moves a portrait without a network: as a relief of its head, with eyes and mouth below it."""
