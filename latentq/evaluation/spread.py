r"""The spread of states about a few centres, as the strength of noise that would make it.

.. math:: \sigma = \sqrt{\frac{1 - F}{F}}, \qquad F = \frac{1}{N} \sum_i | \langle c_{k(i)} |
    \psi_i \rangle |^2,

with the centre :math:`c_{k(i)}` of k-means that is nearest to a state. Noise of the strength
:math:`\sigma` on a centre leaves the fidelity :math:`1 / (1 + \sigma^2)`, see
:func:`latentq.quantum.states.perturb`.
"""

import math

import torch
from torch import Tensor

from latentq.errors import InputError
from latentq.quantum.encoding import amplitude_encode, phase_reference, to_reals
from latentq.quantum.states import fidelity

ROUNDS = 2000


@torch.no_grad()
def spread_of_states(psi: Tensor, centres: int, seed: int) -> float:
    r"""Returns the spread :math:`\sigma` of states about the centres of k-means.

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`.
        centres: The number of centres.
        seed: The seed of k-means.

    Raises:
        InputError: If there are fewer states than centres.
    """
    from sklearn.cluster import KMeans  # Slow to import.

    if len(psi) < centres:
        raise InputError(f"psi: must be at least {centres} states, one a centre, was {len(psi)}")
    reals = to_reals(psi.cpu(), phase_reference(psi.cpu()))
    found = KMeans(centres, n_init=1, random_state=seed, max_iter=ROUNDS).fit(reals.numpy())
    nearest = amplitude_encode(torch.as_tensor(found.cluster_centers_, dtype=reals.dtype))
    overlap = fidelity(nearest[torch.as_tensor(found.labels_).long()], psi.cpu()).mean().item()
    return math.sqrt(max(0.0, 1 - overlap) / overlap)
