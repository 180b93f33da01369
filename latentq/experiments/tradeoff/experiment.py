r"""FID against recall of priors on one autoencoder, with their spread swept.

    python -m latentq.experiments.tradeoff quantum=runs/first,runs/second names=first,second
    python -m latentq.experiments.tradeoff others=runs/latent_diffusion-mnist-seed0 vae=null

Codebooks of several sizes with growing noise, Gaussian mixtures, trained priors, and quantum ones
whose spread is swept after training, all in the latent space of `checkpoint`, a VAE beside them;
and as limits the states of training images and reconstructions. As many images as there are
validation images are compared with these.
"""

from latentq.experiments.frozen import names_of, open_frozen
from latentq.experiments.record import Experiment, Record
from latentq.experiments.tradeoff.findings import describe
from latentq.experiments.tradeoff.measures import (
    codebook_rows,
    limit_rows,
    mixture_rows,
    other_rows,
    spread_rows,
    vae_row,
)
from latentq.experiments.tradeoff.options import Options


def measure(options: Options) -> Record:
    """Measures all priors."""
    names = names_of("quantum", options.quantum, options.names)
    frozen = open_frozen(options.checkpoint, options.features)
    rows = limit_rows(frozen)
    for path, name in zip(options.quantum, names, strict=True):
        rows += spread_rows(frozen, path, name, options.spreads)
    rows += other_rows(frozen, options.others or ())
    if options.vae is not None:
        rows.append(vae_row(frozen, options.vae))
    rows += codebook_rows(frozen, options.centres, options.noises)
    rows += mixture_rows(frozen, options.components)
    return describe(options, {"priors": rows})


EXPERIMENT = Experiment("tradeoff", "FID against recall", Options, measure, describe)
