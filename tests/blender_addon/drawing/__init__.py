"""A third capability for tests of the extension: it draws frames, and builds nothing else."""
