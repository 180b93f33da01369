r"""The Fréchet distance of normal distributions, for many distances to the same one.

.. math:: d^2 = \| \mu_1 - \mu_2 \|^2 + \mathrm{Tr} ( C_1 + C_2 )
    - 2 \, \mathrm{Tr} ( C_2^{1/2} C_1 C_2^{1/2} )^{1/2}

:math:`C_1 C_2` has the eigenvalues of the symmetric matrix in the last term, which are found in
less time, and the root of :math:`C_2` is found only once.
"""

import torch
from torch import Tensor


def moments(features: Tensor, counts: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Returns mean and unbiased covariance of features, with shapes (F) and (F, F).

    Arguments:
        features: The features, with shape (N, F).
        counts: How many times each of them counts, integers with shape (N); once if `None`.
    """
    if counts is None:
        return features.mean(dim=0), torch.cov(features.mT)
    mean = counts.to(features.dtype) @ features / counts.sum()
    return mean, torch.cov(features.mT, fweights=counts)


class Normal:
    """The normal distribution with the moments of some features.

    Arguments:
        features: The features, with shape (N, F).
    """

    def __init__(self, features: Tensor) -> None:
        self.mean, covariance = moments(features)
        values, vectors = torch.linalg.eigh(covariance)
        self.trace = covariance.trace()
        self.root = (vectors * values.clamp(min=0).sqrt()) @ vectors.mT

    def distance(self, mean: Tensor, covariance: Tensor) -> float:
        """Returns the squared Fréchet distance to another normal distribution.

        Arguments:
            mean: Its mean, with shape (F).
            covariance: Its covariance, with shape (F, F).
        """
        values = torch.linalg.eigvalsh(self.root @ covariance @ self.root)
        cross = values.clamp(min=0).sqrt().sum()
        gap = (mean - self.mean).square().sum()
        return (gap + covariance.trace() + self.trace - 2 * cross).item()
