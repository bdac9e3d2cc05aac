"""Video: which of several things happens in a clip."""
