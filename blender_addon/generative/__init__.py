"""Models that dream: walks, samples, maps and training; their settings, panels and builders."""
