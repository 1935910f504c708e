"""Ways through a model's styles, how fast they are walked, and what else is found there."""
