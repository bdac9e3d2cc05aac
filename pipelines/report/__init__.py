"""Pages and charts from what the stages left. Reads files only: no task, no TensorFlow."""
