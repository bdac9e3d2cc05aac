"""The explanations, for any built network that holds a recurrent layer."""
