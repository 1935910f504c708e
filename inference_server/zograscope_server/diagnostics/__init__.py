"""Tasks that compute nothing, to measure and test the way there and back."""
