"""Numbers in words, from one language into another: the smallest task from sequence to sequence."""
