"""The model catalogue, downloads with checksums, and the cache of loaded models."""
