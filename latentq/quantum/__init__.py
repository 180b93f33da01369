"""Pure states of a few qubits, and what is read off them."""
