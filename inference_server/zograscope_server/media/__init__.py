"""Video and sound: clips that are read frame by frame, films that are written with their sound."""
