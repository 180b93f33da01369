"""Faults in the numbers of a trained model: FID and its companions, and on what they are taken."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/evaluation/metrics.py",
        "test_oracles_runs test_metrics",
        (
            "bootstrap without Bessel's correction",
            "reference), ddof=1)",
            "reference))",
            "deviations over few resamples are too small",
        ),
        (
            "extrapolation to a slope",
            "np.array(values))[0][0]",
            "np.array(values))[0][1]",
            "FID of infinitely many images",
        ),
        (
            "subsets with replacement",
            "features[torch.randperm(n, generator=generator)[:size]]",
            "features[torch.randint(n, (int(size),), generator=generator)]",
            "extrapolation over resamples has a bias",
        ),
        (
            "recall in balls of real images",
            "(block - radii[:, None]).amin(dim=0) <= 0",
            "(block - real).amin(dim=0) <= 0",
            "recall is a kind of coverage",
        ),
        (
            "precision as a share of real images",
            "return precise / len(features),",
            "return precise / len(reference),",
            "wrong where the numbers are unequal",
        ),
    ),
    *faults_of(
        "latentq/evaluation/sets.py",
        "test_oracles_runs",
        (
            "precision and recall exchanged",
            "precision, recall = metrics.precision_recall",
            "recall, precision = metrics.precision_recall",
            "two rows stand for each other",
        ),
    ),
    *faults_of(
        "latentq/evaluation/diversity.py",
        "test_diversity test_oracles_runs",
        (
            "density over real images",
            "(neighbours * len(features))",
            "(neighbours * len(reference))",
            "wrong where the numbers are unequal",
        ),
        (
            "class distance twice as large",
            ".abs().sum().item() / 2",
            ".abs().sum().item()",
            "the distance goes from 0 to 2",
        ),
        (
            "class shares of unequal totals",
            "(generated / generated.sum() - real / real.sum())",
            "(generated / generated.sum() - real / generated.sum())",
            "wrong where the numbers are unequal",
        ),
    ),
    *faults_of(
        "latentq/evaluation/neighbours.py",
        "test_oracles_runs test_neighbours",
        (
            "nearest of the last block only",
            "i * ROWS + places, index)",
            "places, index)",
            "distances to the wrong image from 250 on",
        ),
        (
            "a point is its own neighbour from 250 on",
            "block.diagonal(offset=i * ROWS)",
            "block.diagonal(offset=0)",
            "balls are too small",
        ),
    ),
    *faults_of(
        "latentq/evaluation/scores.py",
        "test_oracles_runs",
        (
            "terminal FID after the first step",
            "features(in_chunks(model.decode, chain[0]))",
            "features(in_chunks(model.decode, chain[1]))",
            "the control is denoised by one step",
        ),
        (
            "FID of Haar states of the chain",
            "features(in_chunks(model.decode, haar))",
            "features(in_chunks(model.decode, chain[0]))",
            "the level of chance is another control",
        ),
        (
            "floor on validation images",
            "real=data.unlimited.images",
            "real=data.validation.images",
            "the floor is of other images than it says",
        ),
        (
            "copies looked for among all images",
            "train=data.train.images",
            "train=data.unlimited.images",
            "images that were never trained on count as known",
        ),
        (
            "splits exchanged",
            'data.test if split == "test" else data.validation',
            'data.validation if split == "test" else data.test',
            "final numbers are of validation images",
        ),
        (
            "labels of another draw",
            "labels = model.labels(len(images), seed)",
            "labels = model.labels(len(images), seed + 1)",
            "label accuracy is that of chance",
        ),
        (
            "class distance to half of the labels",
            "distance = diversity.class_distance(counts, labels)",
            "distance = diversity.class_distance(counts, labels[: len(labels) // 2])",
            "shares of other images than those compared",
        ),
    ),
]
