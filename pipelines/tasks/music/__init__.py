"""Music as piano rolls and as tokens: foreseen, written, and carried over into another style."""
