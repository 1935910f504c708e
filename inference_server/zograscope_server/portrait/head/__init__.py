"""The head in three dimensions: a free parametric one, fitted to the points of a portrait."""
