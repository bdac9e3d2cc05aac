"""Methods without a recurrent network, which every model must beat to be of use."""
