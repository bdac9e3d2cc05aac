"""Problems that need a long memory: adding, copying, and images read pixel by pixel."""
