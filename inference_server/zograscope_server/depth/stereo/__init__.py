"""Stereographs: two photographs of one place on a card, from which depth is measured."""
