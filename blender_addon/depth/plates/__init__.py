"""Plates: objects of the photograph that an artist clicks, each then a layer of its own."""
