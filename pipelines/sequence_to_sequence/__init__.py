"""Tasks from sequence to sequence: what they share of each stage. How texts become tokens is a task's own choice."""
