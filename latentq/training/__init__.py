"""A run: its stages, its folder, its logs, and how it is resumed."""
