"""Trains the model of old maps that comes along."""
