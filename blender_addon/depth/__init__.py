"""One photograph becomes a diorama: geometry, materials, camera, and the panel that asks for them."""
