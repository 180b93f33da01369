r"""FID and its companions, on features that are extracted once.

.. math:: FID = \| \mu_1 - \mu_2 \|^2 + \mathrm{Tr} ( C_1 + C_2 - 2 ( C_1 C_2 )^{1/2} )

torchmetrics computes FID and KID, torch-fidelity computes precision and recall. All of them
get the features of :class:`latentq.features.Classifier` in float64.
"""

import hashlib
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from latentq.features import Classifier
from latentq.generative import in_chunks
from latentq.randomness import derive_seed

NEIGHBOURS = 3
KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"


class _Identity(nn.Module):
    """Passes features through, for metrics that want to extract them by themselves."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


@torch.no_grad()
def extract_features(classifier: Classifier, images: Tensor) -> Tensor:
    """Returns the features of images in float64, with shape (N, 128).

    Raises:
        ValueError: If an image is not finite, or a pixel is outside [0, 1].
    """
    low, high = images.min().item(), images.max().item()
    if not (low >= 0 and high <= 1 and bool(torch.isfinite(images).all())):
        raise ValueError(f"images: must be finite and in [0, 1], ranged from {low} to {high}")

    device = next(classifier.eval().parameters()).device
    return in_chunks(lambda x: classifier.features(x.to(device)), images).double().cpu()


def fid(features: Tensor, reference: Tensor) -> float | None:
    """Returns the Fréchet distance of two sets of features, in float64.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).

    Returns:
        The distance; `None` where it is not estimable, that is, where N or M is not larger
        than F and a covariance matrix is singular.
    """
    if min(len(features), len(reference)) <= features.shape[1]:
        return None

    metric = FrechetInceptionDistance(feature=_Identity(features.shape[1])).set_dtype(
        torch.float64
    )
    metric.update(reference, real=True)
    metric.update(features, real=False)
    return max(0.0, metric.compute().item())


def kid(features: Tensor, reference: Tensor, seed: int) -> tuple[float | None, float | None]:
    """Returns mean and standard deviation of the kernel distance over random subsets.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).
        seed: The seed of the subsets.
    """
    size = min(KID_SUBSET_SIZE, len(features), len(reference))
    if size < 2:
        return None, None

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*save all extracted features.*")
        metric = KernelInceptionDistance(
            feature=_Identity(features.shape[1]), subsets=KID_SUBSETS, subset_size=size
        ).set_dtype(torch.float64)
    metric.update(reference, real=True)
    metric.update(features, real=False)
    # torchmetrics draws the subsets from the global generator; it is put back afterwards.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "kid"))
        mean, deviation = metric.compute()
    return mean.item(), deviation.item()


def precision_recall(features: Tensor, reference: Tensor) -> tuple[float | None, float | None]:
    """Returns improved precision and recall with balls of the third neighbour.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).

    References:
        Improved precision and recall metric (Kynkäänniemi et al., 2019), arXiv 1904.06991.
    """
    if min(len(features), len(reference)) <= NEIGHBOURS + 1:
        return None, None

    # Ranks of distances need no float64, which would take twice the time.
    result = prc_features_to_metric(
        features.float(),
        reference.float(),
        prc_neighborhood=NEIGHBOURS,
        prc_batch_size=1000,
        save_cpu_ram=True,
        verbose=False,
    )
    return result["precision"], result["recall"]


def inception_weights() -> Path | None:
    """Returns the file where torch-fidelity keeps its Inception weights, if it is there intact.

    The file is a pickle, so it is only used if its sha256 starts as its name says.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_FILE
    if not path.is_file():
        return None

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path if digest.startswith(Path(INCEPTION_FILE).stem.rsplit("-", 1)[-1]) else None


def fid_inception(images: Tensor, reference: Tensor, weights: Path) -> float:
    """Returns the FID of images in Inception's 2048 features.

    Arguments:
        images: The model's images, with shape (N, 1, 28, 28).
        reference: Real images, with shape (M, 1, 28, 28).
        weights: The file with the weights of torch-fidelity's Inception.
    """
    metric = FrechetInceptionDistance(
        normalize=True, feature_extractor_weights_path=str(weights)
    ).set_dtype(torch.float64)
    for source, real in ((reference, True), (images, False)):
        for chunk in source.split(100):
            metric.update(chunk.expand(-1, 3, -1, -1), real=real)
    return max(0.0, metric.compute().item())
