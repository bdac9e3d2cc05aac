"""The guided tour: six steps through this run's own charts, and a self-test whose answers are its numbers."""
