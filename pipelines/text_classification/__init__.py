"""The class of a text: what the tasks sentiment and topics share, a file for each stage."""
