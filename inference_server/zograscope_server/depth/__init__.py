"""From one photograph to depth, layers and everything a diorama is made of."""
