"""The configuration: what each key may be, how keys fit together, and how they are composed."""
