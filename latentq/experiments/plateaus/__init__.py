"""How fast gradients vanish with qubits and depth."""
