"""One photograph becomes a diorama: geometry, materials, camera, and the panel for them."""
