"""The command for people, in front of `flows` and `pipelines`."""
