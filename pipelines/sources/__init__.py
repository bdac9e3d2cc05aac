"""Where data come from: the user's files, installed packages, package archives."""
