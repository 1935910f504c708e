"""Provenance: what was made is marked as made, and can be verified."""
