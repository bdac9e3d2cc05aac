"""Messages of user interfaces, from English into Turkish, or from and into any other languages."""
