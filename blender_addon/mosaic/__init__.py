"""Mosaics in Blender: thousands of pictures as one object, laid out live, with camera journeys."""
