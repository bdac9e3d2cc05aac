"""The topic of a text."""
