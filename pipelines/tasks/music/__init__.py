"""Music as piano rolls and as tokens: predicted, generated, and rewritten in another style."""
