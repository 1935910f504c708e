"""How a generator learns a collection: what it is shown, the game, and how it is measured."""
