"""One module a stage. They know tasks only through the registry and the contract, none by name."""
