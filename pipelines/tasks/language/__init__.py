"""Text, predicted character by character (or word by word)."""
