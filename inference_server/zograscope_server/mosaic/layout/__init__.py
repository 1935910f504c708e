"""Where tiles go: clouds, orderings and clusters, from vectors or from metadata."""
