"""How fast random circuits scramble."""
