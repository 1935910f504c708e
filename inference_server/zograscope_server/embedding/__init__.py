"""What images look like, as vectors: embedders, the index that remembers, near duplicates."""
