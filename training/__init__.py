"""How the networks that Zograscope ships were made: not part of what is installed."""
