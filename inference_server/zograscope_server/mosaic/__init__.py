"""Mosaics: the images of a collection laid out by similarity, date, colour or any column."""
