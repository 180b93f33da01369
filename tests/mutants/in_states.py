"""Faults in what is said of states: geometry, entanglement, scrambling, gradients, targets."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/quantum/states.py",
        "test_states",
        (
            "noise without the root of the dimension",
            "psi + noise / math.sqrt(psi.shape[-1]) * chi",
            "psi + noise * chi",
            "noise is stronger than it says, by the root of the dimension",
        ),
        (
            "fidelities without a conjugate",
            "overlap = phi.conj() @ psi.mT",
            "overlap = phi @ psi.mT",
            "fidelities of complex states are wrong",
        ),
        (
            "mean state conjugated",
            "return weighted.mT @ psi.conj()",
            "return weighted.mH @ psi",
            "the density matrix is its transpose",
        ),
    ),
    *faults_of(
        "latentq/quantum/encoding.py",
        "test_encoding",
        (
            "density features without root two",
            "above = math.sqrt(2) * psi",
            "above = psi",
            "inner products are no fidelities",
        ),
        (
            "phase without a conjugate",
            "torch.angle(psi @ reference.conj())",
            "torch.angle(psi @ reference)",
            "the gauge depends on the phase of the reference",
        ),
        (
            "gauge by the rarest state",
            "eigenvectors[:, -1]",
            "eigenvectors[:, 0]",
            "phases are fixed by what no state has",
        ),
    ),
    *faults_of(
        "latentq/quantum/entanglement.py",
        "test_oracles_quantum test_entanglement",
        (
            "parts in ascending order",
            "(*keep, *rest)",
            "(*sorted(keep), *rest)",
            "the order that the result shall have is ignored",
        ),
        (
            "entropy in nats",
            "(spectrum * spectrum.log2())",
            "(spectrum * spectrum.log())",
            "entropies are not in bits",
        ),
        (
            "Bloch vector with Y turned round",
            "(coherence.real, coherence.imag, z)",
            "(coherence.real, -coherence.imag, z)",
            "the sign of Y is wrong",
        ),
        (
            "mutual information with one entropy twice",
            "single[i] + single[j] -",
            "single[i] + single[i] -",
            "wrong for qubits of unequal entropy",
        ),
        (
            "Page's entropy of equal parts",
            "(m - 1) / (2 * n)",
            "(m - 1) / (2 * m)",
            "right for halves only",
        ),
    ),
    *faults_of(
        "latentq/quantum/wigner.py",
        "test_wigner",
        (
            "kernels of one orientation",
            "+ sign * (-1) ** (q + p) * y",
            "+ (-1) ** (q + p) * y",
            "the orientation is ignored",
        ),
        (
            "kernels transposed",
            "[3, 2])",
            "[2, 3])",
            "that is the other orientation",
        ),
        (
            "negativity as a mean",
            "values.clamp_max(0).sum(dim=(-2, -1))",
            "values.clamp_max(0).mean(dim=(-2, -1))",
            "negativity is in units of a cell",
        ),
    ),
    *faults_of(
        "latentq/quantum/scrambling.py",
        "test_scrambling test_otoc",
        (
            "undone in the order it was done",
            ".flip(-2).flatten(-2)",
            ".flatten(-2)",
            "a layer is not undone by its inverse",
        ),
        (
            "Haar moment of one copy more",
            "math.comb(dimension + power - 1, power)",
            "math.comb(dimension + power, power)",
            "the mean of F^k is wrong",
        ),
        (
            "distance to Haar states with the diagonal's weight",
            "/ (n * (n - 1))",
            "/ n**2",
            "the estimate has a bias",
        ),
        (
            "staggered bonds that do not stagger",
            "range(layer % 2, qubits - 1, 2)",
            "range(0, qubits - 1, 2)",
            "odd bonds never meet",
        ),
    ),
    *faults_of(
        "latentq/quantum/otoc.py",
        "test_otoc",
        (
            "Z spreads from control to target",
            "bits[1, :, control] ^= bits[1, :, target]",
            "bits[1, :, target] ^= bits[1, :, control]",
            "CNOTs conjugate Z like X",
        ),
        (
            "weights that are no decay",
            "4 / 3 * float(others)",
            "float(others)",
            "the mean of 1 - F is a quarter too small",
        ),
        (
            "correlator without the sign of its state",
            "1 - self.signs[:, None] * bloch",
            "1 - bloch",
            "eigenvalues -1 count as 1",
        ),
    ),
    *faults_of(
        "latentq/quantum/costs.py",
        "test_curriculum test_plateaus",
        (
            "expected fidelity with one for the dimension",
            "(dimension + squared)",
            "(1 + squared)",
            "the mean over Haar states is wrong",
        ),
        (
            "marginal fidelity of pure marginals",
            "(r * s).sum(dim=-1) + root)",
            "(r * s).sum(dim=-1))",
            "wrong for mixed marginals",
        ),
        (
            "shift rule without its half",
            "return 0.5 * (up - down)",
            "return up - down",
            "gradients are twice too large",
        ),
    ),
    *faults_of(
        "latentq/quantum/plateaus.py",
        "test_oracles_quantum test_plateaus",
        (
            "the middle angle is of another axis",
            "column * circuit.qubits + circuit.qubits // 2",
            "circuit.qubits // 2",
            "the closed forms are for RY",
        ),
        (
            "targets drawn like inputs",
            "drawn_states(targets, count",
            "drawn_states(inputs, count",
            "the source of the targets is ignored",
        ),
        (
            "marginal variance of 2-designs",
            "(d + 1) * (d**2 - 1))",
            "(d + 1) * (d**2 + 1))",
            "the closed form is wrong",
        ),
        (
            "marginal variance of Haar targets",
            "return 3 / (4 * qubits",
            "return 3 / (2 * qubits",
            "the leading order is half",
        ),
        (
            "the mean over inputs is a sum",
            "cost(output, target).mean(dim=1).sum()",
            "cost(output, target).sum()",
            "gradients grow with the number of inputs",
        ),
    ),
    *faults_of(
        "latentq/quantum/targets.py",
        "test_oracles_quantum test_targets",
        (
            "shares of correlated noise exchanged",
            "generator=generator) < self.share",
            "generator=generator) > self.share",
            "XX and ZZ change places",
        ),
        (
            "clusters as complex normal numbers",
            "self.scale * torch.view_as_complex(noise)",
            "self.scale / math.sqrt(2) * torch.view_as_complex(noise)",
            "clusters are narrower than published",
        ),
        (
            "an antiferromagnet",
            "return -sum(bonds, zeros),",
            "return sum(bonds, zeros),",
            "ground states of another chain",
        ),
        (
            "GHZ angles over twice their range",
            "math.pi / 2 * torch.rand(n",
            "math.pi * torch.rand(n",
            "cosines become negative",
        ),
    ),
]
