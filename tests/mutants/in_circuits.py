"""Faults in circuits, their gradients, compiled loops, kernels, distances and transport."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/engine/circuits.py",
        "test_oracles_quantum test_circuits test_scrambling",
        (
            "odd bonds before even ones",
            "for start in (0, 1)",
            "for start in (1, 0)",
            "CNOTs do not commute",
        ),
        (
            "denoising circuits begin with RY",
            '= ("rx", "ry"), entangled',
            '= ("ry", "rx"), entangled',
            "another circuit than the published one",
        ),
        (
            "scrambling joins neighbours only",
            "pairs = tuple(combinations(range(qubits), 2))",
            "pairs = brickwork(qubits)",
            "another circuit than the published one",
        ),
    ),
    *faults_of(
        "latentq/engine/fused/gates.py",
        "test_oracles_quantum test_fused test_scrambling",
        (
            "CNOTs in the wrong order",
            "for control, target in reversed(pairs)",
            "for control, target in pairs",
            "a chain of CNOTs is another one",
        ),
        (
            "Kronecker factors exchanged",
            "left[..., :, None, :, None] * right[..., None, :, None, :]",
            "right[..., :, None, :, None] * left[..., None, :, None, :]",
            "the last qubit is the most significant one",
        ),
        (
            "CZ signs of one pair",
            "0 * index) % 2)",
            "0 * index).clamp_max(1))",
            "two CZ gates on one state do not cancel",
        ),
    ),
    *faults_of(
        "latentq/engine/fused/gradients.py",
        "test_oracles_quantum test_fused",
        (
            "derivatives turned the other way",
            "cos * b[q] - sin * b[r], cos * b[r] + sin * b[q]",
            "cos * b[q] + sin * b[r], cos * b[r] - sin * b[q]",
            "gradients of all rotations but the first of a layer",
        ),
    ),
    *faults_of(
        "latentq/engine/fused/instruments.py",
        "test_oracles_quantum test_fused test_diffusion",
        (
            "compiled gradient without a conjugate",
            "torch.mm(psi.mH, grad",
            "torch.mm(psi.mT, grad",
            "gradients of complex states are wrong",
        ),
        (
            "gradient by states without a conjugate",
            "self.columns[0].mH)",
            "self.columns[0].mT)",
            "gradients over more than one step are wrong",
        ),
    ),
    *faults_of(
        "latentq/engine/fused/matrices.py",
        "test_oracles_quantum test_fused",
        (
            "recomputed states without a conjugate",
            "self.z[self.size :].conj()",
            "self.z[self.size :]",
            "gradients of large batches are wrong",
        ),
        (
            "RZZ angle of the first layer in all layers",
            "phases = diagonal[:, layer]",
            "phases = diagonal[:, 0]",
            "shared angles are not those of their layer",
        ),
        (
            "derivative by the shared angle twice as large",
            "twist = 0.5 * torch.stack",
            "twist = torch.stack",
            "gradients by RZZ angles",
        ),
    ),
    *faults_of(
        "latentq/engine/fused/evolution.py",
        "test_oracles_quantum test_fused test_forward",
        (
            "each state with the RZZ angle of its first layer",
            "diagonals[..., layer, :]",
            "diagonals[..., 0, :]",
            "scrambling by tensors",
        ),
        (
            "angles of the first layer in all CNOT layers",
            "psi = through(column, layer, psi)[..., sources]",
            "psi = through(column, angles[..., : layer.shape[-1]], psi)[..., sources]",
            "a deep circuit repeats one layer",
        ),
    ),
    *faults_of(
        "latentq/engine/native/evolution.py",
        "test_oracles_quantum test_fused test_forward",
        (
            "loops: a sign of a rotation",
            "-x * qr - y * qi - z * pr + w * pi",
            "-x * qr - y * qi + z * pr + w * pi",
            "rotations are no rotations",
        ),
        (
            "loops: each state with the RZZ angle of its first layer",
            "shared[first:, layer]",
            "shared[first:, 0]",
            "scrambling on CPUs",
        ),
        (
            "loops: derivatives turned the other way",
            "cos * b[y] - sin * b[z], cos * b[z] + sin * b[y]",
            "cos * b[y] + sin * b[z], cos * b[z] - sin * b[y]",
            "gradients on CPUs",
        ),
        (
            "loops: gradients of later blocks lost",
            "_store(by_psi[s], grads, first)",
            "_store(by_psi[s], grads, 0)",
            "gradients by states where a batch takes several blocks",
        ),
    ),
    *faults_of(
        "latentq/engine/native/measurement.py",
        "test_outcomes",
        (
            "loops: outcomes of branches of norm one",
            "below <= uniforms[i] * total",
            "below <= uniforms[i]",
            "a norm other than one changes the choice",
        ),
        (
            "loops: gradient of the probability",
            "factor = 2 * grad_p[i] * root",
            "factor = 2 * grad_p[i]",
            "score and exact gradients on CPUs",
        ),
    ),
    *faults_of(
        "latentq/engine/native/pairs.py",
        "test_kernels test_mmd",
        (
            "loops: slope of the ladder",
            "(one + two * f4 *",
            "(one + f4 *",
            "gradients of the ladder of kernels on CPUs",
        ),
    ),
    *faults_of(
        "latentq/diffusion/losses/kernels.py",
        "test_kernels test_mmd",
        (
            "the second ensemble's gradient conjugated",
            "imag.mT, -turned(scaled))",
            "imag.mT, turned(scaled))",
            "gradients by targets",
        ),
        (
            "own pairs conjugated",
            "imag, -weighted[1][rows])",
            "imag, weighted[1][rows])",
            "gradients where an ensemble takes several blocks",
        ),
        (
            "pairs of a block counted twice",
            "by_column[later] += sums[n:]",
            "by_column[rest] += sums",
            "sums where an ensemble takes several blocks",
        ),
        (
            "tensors: slope of the ladder",
            "slope = 1 + 2 * power * slope",
            "slope = 1 + power * slope",
            "gradients of the ladder of kernels elsewhere",
        ),
    ),
    *faults_of(
        "latentq/diffusion/losses/mmd.py",
        "test_mmd",
        (
            "gradient by the transposed difference",
            "by_phi = torch.mm(phi, difference.mT)",
            "by_phi = torch.mm(phi, difference)",
            "gradients of complex mean states",
        ),
        (
            "gradient by targets halved",
            "(-4 / len(psi) * grad)",
            "(-2 / len(psi) * grad)",
            "gradients by targets",
        ),
        (
            "the floor of few states",
            "(2 - own) / states",
            "(1 - own) / states",
            "the expected MMD of few states",
        ),
        (
            "purity with a bias",
            "- 1) / (n - 1)",
            "- 1) / n",
            "the unbiased MMD has a bias",
        ),
        (
            "copies without their weights",
            "math.comb(k, j) ** 0.5",
            "1.0",
            "the ladder of one qubit",
        ),
        (
            "gradient by weights halved",
            "by_w = 2 * grad *",
            "by_w = grad *",
            "exact and score gradients of mmd1",
        ),
    ),
    *faults_of(
        "latentq/diffusion/losses/transport.py",
        "test_mmd test_cells",
        (
            "transport without the gradient by weights",
            "((w - w.detach()) * u.to(value))",
            "((w - w.detach()) * 0 * u.to(value))",
            "exact and score gradients of wasserstein",
        ),
    ),
    *faults_of(
        "latentq/diffusion/losses/assignment.py",
        "test_assignment test_transport",
        (
            "the farthest partners",
            "cost = infidelities(phi, psi)",
            "cost = 1 - infidelities(phi, psi)",
            "the costliest transport",
        ),
        (
            "potentials with the other sign",
            "u + shift, v - shift",
            "u - shift, v + shift",
            "potentials that are not those of the weights",
        ),
        (
            "assignments: conjugate overlaps",
            "return factor.conj() * paired",
            "return factor * paired",
            "gradients of the transport by states",
        ),
    ),
    *faults_of(
        "latentq/engine/native/assignment.py",
        "test_assignment",
        (
            "assignments: paths end at the nearest column",
            "v[k] += distance[k] - least",
            "v[k] -= distance[k] - least",
            "potentials after a path",
        ),
    ),
    *faults_of(
        "latentq/engine/native/sparse_assignment.py",
        "test_assignment",
        (
            "assignments: lists are never made anew",
            "if lists.length[i] < len(v):",
            "if lists.length[i] < 0:",
            "the best of the listed pairs alone",
        ),
    ),
    *faults_of(
        "latentq/diffusion/partition.py",
        "test_cells",
        (
            "offsets of cells with the other sign",
            ".square() - offsets)",
            ".square() + offsets)",
            "cells are not of equal mass",
        ),
        (
            "centres that are no means",
            "@ points * len(centres)",
            "@ points",
            "centres shrink to the origin",
        ),
    ),
    *faults_of(
        "latentq/engine/native/pairs.py",
        "test_kernels",
        (
            "loops: subnormal powers are kept",
            "f4 = f4 if f4 > tiny else zero",
            "f4 = f4 if f4 > zero else zero",
            "powers below the root of the smallest normal number are slow",
        ),
        equivalent="such powers are lost when they are added to larger ones; only time tells",
    ),
]
