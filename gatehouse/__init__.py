"""The command `gatehouse`, which runs those of `flows` and `pipelines`."""
