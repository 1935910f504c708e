"""Portraits that move as a driver moves: their settings, operators, panels and builders."""
