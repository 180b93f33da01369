"""Faults in the classical baselines and controls: a weak one flatters the quantum model."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "baselines/vae.py",
        "test_oracles_priors test_model",
        (
            "VAE: the variance for the deviation",
            "noise * (0.5 * log_variance).exp()",
            "noise * log_variance.exp()",
            "latents in training have the wrong spread",
        ),
        (
            "VAE: divergence as a mean",
            "- 1 - log_variance).sum(dim=-1)",
            "- 1 - log_variance).mean(dim=-1)",
            "the prior hardly matters in training",
        ),
        (
            "VAE: samples from uniform noise",
            "torch.randn(n, self.latent",
            "torch.rand(n, self.latent",
            "samples are of a corner of the latent space",
        ),
        (
            "VAE: encoder not told the class",
            "self.decode(self.encode(images, given), given)",
            "self.decode(self.encode(images), given)",
            "reconstructions of a conditional model",
        ),
        (
            "VAE: loss without its divergence",
            '"loss": pixels + kl',
            '"loss": pixels',
            "an autoencoder that is sampled from N(0, 1)",
        ),
    ),
    *faults_of(
        "baselines/ddpm.py",
        "test_oracles_priors test_ddpm",
        (
            "diffusion: the last time step is never trained",
            "torch.randint(1, self.steps + 1,",
            "torch.randint(1, self.steps,",
            "samples begin with an untrained step",
        ),
        (
            "diffusion: target of v",
            "signal * noise - sigma * x)",
            "signal * noise + sigma * x)",
            "what is learned is no v",
        ),
        (
            "diffusion: posterior's variance for its deviation",
            "x = mean + deviation * noise",
            "x = mean + deviation.square() * noise",
            "samples are too narrow",
        ),
        (
            "diffusion: one cell for all samples",
            "cell = torch.randint(self.cells, (n,)",
            "cell = torch.randint(1, (n,)",
            "samples are of one cell",
        ),
        (
            "diffusion: cells of other vectors",
            "self.cells[index]",
            "self.cells[: self.batch]",
            "the cell says nothing",
        ),
        (
            "diffusion: one deviation for all coordinates",
            "latents.std(dim=0).clamp_min",
            "latents.std().expand(latents.shape[1]).clamp_min",
            "coordinates of unequal spread",
        ),
        (
            "diffusion: the cosine without its offset",
            "((t + OFFSET) / (1 + OFFSET) * math.pi / 2)",
            "(t * math.pi / 2)",
            "another schedule than it says",
        ),
    ),
    *faults_of(
        "baselines/latent_diffusion.py",
        "test_oracles_priors test_second_stages",
        (
            "VAE diffusion: samples from normal noise",
            "cast(DDPM, self.prior).sample(n, generator)",
            "torch.randn(n, self.latent, generator=generator)",
            "the trained prior is not used",
        ),
        (
            "state diffusion: cells not given",
            '"cells": number if prior["cells"] else 0',
            '"cells": 0',
            "the matched arm with cells is the one without",
        ),
    ),
    *faults_of(
        "baselines/mixture.py",
        "test_oracles_priors test_second_stages",
        (
            "mixture: factor transposed",
            "noise[k == i] @ factor.mT",
            "noise[k == i] @ factor",
            "samples have another covariance than was fitted",
        ),
        (
            "mixture: covariance for its factor",
            "torch.linalg.cholesky(torch.as_tensor(found.covariances_))",
            "torch.as_tensor(found.covariances_)",
            "samples are too narrow",
        ),
        (
            "mixture: equal weights",
            "torch.multinomial(prior.weights, n",
            "torch.multinomial(torch.ones_like(prior.weights), n",
            "components have the wrong shares",
        ),
        (
            "mixture: noise shared by components",
            "drawn = prior.means[k]",
            "drawn = prior.means[k] + 0.1 * noise",
            "samples are too wide",
        ),
    ),
    *faults_of(
        "baselines/codebook.py",
        "test_oracles_priors test_second_stages",
        (
            "codebook: equal shares",
            "copy_(shares / len(reals))",
            "copy_(torch.ones_like(shares) / centres)",
            "centres have the wrong shares",
        ),
        (
            "codebook: half the noise",
            "[k], self.spread, generator)",
            "[k], 0.5 * self.spread, generator)",
            "the spread is not what was chosen",
        ),
    ),
    *faults_of(
        "baselines/neighbours.py",
        "test_oracles_priors test_second_stages",
        (
            "neighbours: the nearest half of the way",
            "u = torch.rand(n, generator",
            "u = 0.5 * torch.rand(n, generator",
            "samples are nearer to training states than they say",
        ),
        (
            "neighbours: always the nearest one",
            "rank = torch.randint(self.neighbours, (n,)",
            "rank = torch.randint(1, (n,)",
            "the number of neighbours has no effect",
        ),
        (
            "neighbours: one half of the memory",
            "first = torch.randint(len(states), (n,)",
            "first = torch.randint(len(states) // 2, (n,)",
            "half of the training states are never used",
        ),
    ),
    *faults_of(
        "baselines/ensembles.py",
        "test_oracles_priors test_second_stages",
        (
            "ensembles: terminal noise not given",
            "ForwardProcess(qubits, noise=terminal_noise)",
            "ForwardProcess(qubits)",
            "the control is not the terminal ensemble of the quantum model",
        ),
        (
            "ensembles: mean state without roots",
            "(vectors * values.clamp_min(0).sqrt()).mT",
            "(vectors * values.clamp_min(0)).mT",
            "the mean state has another spectrum",
        ),
        (
            "ensembles: mean state transposed",
            "(vectors * values.clamp_min(0).sqrt()).mT",
            "(vectors * values.clamp_min(0).sqrt()).mH",
            "the conjugate mean state",
        ),
    ),
    *faults_of(
        "baselines/controls.py",
        "test_oracles_priors test_controls",
        (
            "perceptrons: both sides of the coin alike",
            "for side in (-1.0, 1.0)",
            "for side in (1.0, 1.0)",
            "a step has no chance in it",
        ),
        (
            "traced: mean over the parts of a mixed state",
            "mixed.shape[:2]).sum(dim=1)",
            "mixed.shape[:2]).mean(dim=1)",
            "fidelities of mixed states are too small",
        ),
        (
            "traced: every step straight to the data",
            "_mixed_distance(rho, targets[t], groups)",
            "_mixed_distance(rho, targets[0], groups)",
            "steps learn other ensembles than those of the quantum model",
        ),
        (
            "traced: inputs of the step before",
            "self.mixed_chain(n, generator, t + 1, start)[-1]",
            "self.mixed_chain(n, generator, t, start)[-1]",
            "a step is trained on its own outputs",
        ),
    ),
]
