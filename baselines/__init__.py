"""Classical baselines with the networks, trainers and sizes of the quantum model.

Their names and settings are known without importing torch: `latentq.register` imports a class when
it is needed.
"""

from baselines.chain_settings import (
    BranchesSettings,
    DephasedSettings,
    IsometriesSettings,
    LinearSettings,
    PerceptronsSettings,
    PrepareSettings,
    TracedSettings,
)
from baselines.settings import (
    CodebookSettings,
    EnsembleSettings,
    MixtureSettings,
    NeighboursSettings,
    StateDiffusionSettings,
    VAEDiffusionSettings,
    VAEMixtureSettings,
    VAESettings,
)
from latentq import register

register("classical", "baselines.vae:VAE", settings=VAESettings, title="VAE")
register(
    "latent_diffusion",
    "baselines.latent_diffusion:StateDiffusion",
    settings=StateDiffusionSettings,
    title="latent diffusion",
    role="matched",
)
register(
    "vae_diffusion",
    "baselines.latent_diffusion:VAEDiffusion",
    settings=VAEDiffusionSettings,
    title="diffusion in the VAE's latent",
)
register(
    "mixture",
    "baselines.mixture:MixtureModel",
    settings=MixtureSettings,
    title="Gaussian mixture",
)
register(
    "codebook",
    "baselines.codebook:CodebookModel",
    settings=CodebookSettings,
    title="codebook",
    role="matched",
)
register(
    "neighbours",
    "baselines.neighbours:NeighboursModel",
    settings=NeighboursSettings,
    title="nearest neighbours",
)
register(
    "ensemble",
    "baselines.ensembles:EnsembleModel",
    settings=EnsembleSettings,
    title="fixed ensemble",
    role="control",
)
register(
    "perceptrons",
    "baselines.chains:Perceptrons",
    settings=PerceptronsSettings,
    title="MLP chain",
    role="matched",
)
register(
    "isometries",
    "baselines.chains:Isometries",
    settings=IsometriesSettings,
    title="isometries without circuits",
    role="control",
)
register(
    "linear",
    "baselines.chains:Linear",
    settings=LinearSettings,
    title="linear maps and a coin",
    role="matched",
)
register(
    "branches",
    "baselines.chains:Branches",
    settings=BranchesSettings,
    title="linear maps with learnt weights",
    role="matched",
)
register(
    "measure_and_prepare",
    "baselines.chains:MeasureAndPrepare",
    settings=PrepareSettings,
    title="measure and prepare",
    role="matched",
)
register(
    "dephased",
    "baselines.controls:Dephased",
    settings=DephasedSettings,
    title="interference off",
    role="matched",
)
register(
    "vae_mixture",
    "baselines.vae_mixture:VAEMixture",
    settings=VAEMixtureSettings,
    title="VAE with a fitted prior",
)
register(
    "traced",
    "baselines.controls:Traced",
    settings=TracedSettings,
    title="ancillas traced out",
    role="control",
)
