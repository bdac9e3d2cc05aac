"""Pages and charts from the results of the stages. Reads files only: no task, no TensorFlow."""
