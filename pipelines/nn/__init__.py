"""What tasks build and train networks from."""
