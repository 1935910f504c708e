"""Portraits: a still picture moves as an actor moves."""
