"""`python -m pipelines inspect MODEL.keras INPUTS.npy`: a page about the gates, the memory and the dependencies of any Keras model."""
