r"""The ensembles :math:`S_T \dots S_0` of a generation beside the latent states of the data.

    python -m latentq.experiments.ensembles checkpoint=checkpoints/quantum out=ensembles.png

The axes are the first two principal components of the density coordinates of the data, so that a
global phase does not matter; grey is the data, blue what was generated.
"""

import sys
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Seed, Settings
from latentq.errors import InputError
from latentq.models import storage
from latentq.models.generative import in_chunks
from latentq.models.hybrid import LatentQ
from latentq.quantum.encoding import density_coordinates
from latentq.report import plots


class Options(Settings):
    """What is drawn."""

    checkpoint: Folder = Field("checkpoints/quantum", description="a quantum model")
    n: int = Field(2000, ge=2, le=10_000, description="states of an ensemble")
    seed: Seed = Field(0, description="the seed of the generation")
    out: Folder = Field("ensembles.png", description="the picture, a .png or .svg")


def principal_axes(features: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the mean of features and their two principal axes, with shapes (F) and (F, 2).

    Arguments:
        features: The features, with shape (N, F).
    """
    mean = features.mean(dim=0)
    axes = torch.linalg.eigh(torch.cov(features.mT)).eigenvectors[:, -2:].flip(-1)
    return mean, axes


def ensembles(arguments: list[str]) -> None:
    """Draws the ensembles of a trained model.

    Raises:
        InputError: If an option is wrong, or the checkpoint is no quantum model.
    """
    options = read_options(arguments, Options)
    out = Path(options.out)
    if out.suffix not in (".png", ".svg") or not out.parent.is_dir():
        raise InputError(f"out: must be a .png or .svg in a folder that exists, was {out}")
    from latentq.data.identity import reopen_data

    model = storage.load(options.checkpoint)
    if not isinstance(model, LatentQ) or not model.prior.pure:
        raise InputError(
            f"checkpoint: must be a quantum model of pure states, was {options.checkpoint}"
        )
    data = reopen_data(options.checkpoint)
    with torch.no_grad():
        latents = in_chunks(model.encode, data.validation.images[: options.n])
    features = density_coordinates(latents)
    mean, axes = principal_axes(features)
    chain = model.sample_chain(options.n, options.seed)
    clouds = [(density_coordinates(psi) - mean) @ axes for psi in chain]
    steps = reversed(range(len(chain)))
    titles = [f"$S_{{{t}}}$" for t in steps]
    figure = plots.cloud_figure(clouds, (features - mean) @ axes, titles)
    plots.save_figure(figure, out)
    print(f"{len(chain)} ensembles of {options.n} states: {out}")


if __name__ == "__main__":
    sys.exit(run_command(ensembles, __doc__, Options))
