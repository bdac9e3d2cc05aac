"""Whether a sentence praises or blames."""
