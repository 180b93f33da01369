"""What a quantum computer would give: images against shots and against errors."""
