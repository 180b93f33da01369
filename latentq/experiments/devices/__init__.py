"""Models of different sizes on machines with errors."""
