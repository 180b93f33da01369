"""Classical baselines with the networks, trainers and sizes of the quantum model.

Their names and settings are known without importing torch: `latentq.register` imports a class when
it is needed.
"""

from baselines.settings import (
    CodebookSettings,
    EnsembleSettings,
    MixtureSettings,
    NeighboursSettings,
    PerceptronsSettings,
    StateDiffusionSettings,
    TracedSettings,
    VAEDiffusionSettings,
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
    "baselines.controls:Perceptrons",
    settings=PerceptronsSettings,
    title="MLP chain",
    role="matched",
)
register(
    "traced",
    "baselines.controls:Traced",
    settings=TracedSettings,
    title="ancillas traced out",
    role="control",
)
