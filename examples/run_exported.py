"""A step of the shipped model in another program, from the file that LatentQ exported:

latentq export step=1 deferred=true out=examples/step.qasm
"""

from pathlib import Path

from qiskit import qasm2
from qiskit.quantum_info import Statevector

circuit = qasm2.load(Path(__file__).with_name("step.qasm"))
circuit.remove_final_measurements()
state = Statevector(circuit)  # Of the ancilla and four data qubits, all of which begin in 0.
ancilla = circuit.qubits.index(circuit.qregs[0][0])
zero, one = state.probabilities([ancilla])
print(f"{circuit.num_qubits} qubits, {circuit.size()} gates, {circuit.depth()} deep")
print(f"the ancilla is 0 with probability {zero:.6f}, 1 with {one:.6f}")
