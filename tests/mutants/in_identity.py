"""Faults in what identifies data and runs, and in which of them is measured or taken up."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/data/identity.py",
        "test_identity",
        (
            "identity: the limit is not compared",
            '("name", "sha256", "seed", "limit", "validation", "split")',
            '("name", "sha256", "seed", "validation", "split")',
            "models of more images pass for those of fewer",
        ),
        (
            "identity: the split is not compared",
            '("name", "sha256", "seed", "limit", "validation", "split")',
            '("name", "sha256", "seed", "limit", "validation")',
            "images that were trained on pass for held-out ones",
        ),
        (
            "identity: no limit is any limit",
            "if key in recorded and recorded[key] != found.get(key)",
            "if recorded.get(key) is not None and recorded[key] != found.get(key)",
            "models of all images pass for those of some",
        ),
        (
            "identity: the seed of the data is ignored",
            'for key in ("validation", "limit", "seed")}',
            'for key in ("validation", "limit")}',
            "another split is opened",
        ),
        (
            "identity: what differs is opened",
            "if differ := data_differences(facts, data.describe()):",
            "if differ := data_differences(facts, facts):",
            "a model is measured on other data",
        ),
        (
            "identity: seeds of earlier runs are taken for 0",
            '{**metrics["data"], "seed": seed}',
            '{**metrics["data"], "seed": 0}',
            "an older run is measured on another split",
        ),
        (
            "identity: true is a number",
            "and not isinstance(value, bool)",
            "and value is not None",
            "damaged facts are believed",
        ),
    ),
    *faults_of(
        "latentq/data/module.py",
        "test_oracles_identity test_identity",
        (
            "data: the size of another split is noted",
            'len(getattr(self, k).labels) for k in ("train", "validation", "test")',
            'len(self.unlimited.labels) for k in ("train", "validation", "test")',
            "metrics tell of more training images than there were",
        ),
        (
            "data: the split is that of the training places",
            "order[:validation].numpy()",
            "order[validation:].numpy()",
            "recorded splits are none of these",
        ),
        (
            "data: one split for all seeds",
            'derive_generator(seed, "validation")',
            'derive_generator(0, "validation")',
            "seeds share their validation images",
        ),
    ),
    *faults_of(
        "latentq/data/splits.py",
        "test_data",
        (
            "data: another draw of test images",
            'derive_generator(0, "test split")',
            'derive_generator(1, "test split")',
            "test images of recorded models are trained on",
        ),
    ),
    *faults_of(
        "latentq/data/module.py",
        "test_data",
        (
            "data: pixels from 0 to 255 / 256",
            "[:, None] / 255",
            "[:, None] / 256",
            "no pixel is white",
        ),
        (
            "data: labels of the other part",
            'f"{part}-labels-idx1-ubyte"',
            '"train-labels-idx1-ubyte"',
            "test images have the labels of training images",
        ),
    ),
    *faults_of(
        "latentq/data/mnist.py",
        "test_data",
        (
            "data: damaged files are read",
            "if sha256_file(folder / file) != known[file]",
            "if not sha256_file(folder / file)",
            "what is read was never checked",
        ),
    ),
    *faults_of(
        "latentq/evaluation/scores.py",
        "test_evaluation",
        (
            "evaluation: the first images for random ones",
            'torch.randperm(size, generator=derive_generator(0, "held out"))[:most]',
            "torch.arange(size)[:most]",
            "FIDs of fewer images have a bias",
        ),
        (
            "evaluation: labels of other images",
            "len(chosen), test[chosen], labels[chosen]",
            "len(chosen), test[chosen], labels[: len(chosen)]",
            "shares of the classes are those of the first images",
        ),
        (
            "evaluation: copies against real images",
            "            reconstructed[:COMPARED].cpu(),",
            "            test[:COMPARED].cpu(),",
            "reconstructions count as copies",
        ),
        (
            "evaluation: copies among held-out images",
            "            train.cpu(),\n",
            "            test.cpu(),\n",
            "copies of training images are not seen",
        ),
    ),
    *faults_of(
        "latentq/evaluation/scores.py",
        "test_identity",
        (
            "evaluation: another seed than that of the run",
            "seed = data.seed if options",
            "seed = 0 if options",
            "the samples are not those of the run",
        ),
    ),
    *faults_of(
        "latentq/evaluation/diversity.py",
        "test_diversity",
        (
            "copies: threshold from held-out images",
            'near["reconstructed"].quantile(0.01)',
            'near["held_out"].quantile(0.01)',
            "3.4% of reconstructions count as copies",
        ),
        (
            "copies: percentile of the generated ones",
            'near["reconstructed"].quantile(0.01)',
            'near["generated"].quantile(0.01)',
            "every model has as many copies",
        ),
        (
            "copies: a tenth for a hundredth",
            'near["reconstructed"].quantile(0.01)',
            'near["reconstructed"].quantile(0.1)',
            "honest models have ten times as many copies",
        ),
    ),
    *faults_of(
        "latentq/training/reuse.py",
        "test_identity",
        (
            "borrowed: differences of the data are ignored",
            "    if differ:\n",
            "    if None:\n",
            "images leak through the autoencoder",
        ),
        (
            "borrowed: the data of the run itself",
            "data_differences(recorded_data(path), data.describe())",
            "data_differences(data.describe(), data.describe())",
            "images leak through the autoencoder",
        ),
    ),
    *faults_of(
        "latentq/training/reuse.py",
        "test_oracles_identity",
        (
            "borrowed: any latent space will do",
            "spaces[0] != spaces[1]",
            "spaces[0] > spaces[1]",
            "states are made of a decoder that knows none",
        ),
    ),
    *faults_of(
        "latentq/training/workflow.py",
        "test_oracles_identity",
        (
            "workflow: a kept autoencoder is trained again",
            "if (kept / storage.CONFIG).is_file():",
            "if (kept / storage.CONFIG).is_dir():",
            "a resumed run goes on from another autoencoder",
        ),
        (
            "workflow: a borrowed autoencoder is trained on",
            'if run.config.get("autoencoder"):',
            'if run.config.get("encoder"):',
            "the autoencoder is another one than it says",
        ),
        (
            "workflow: the times of a resumed run begin anew",
            'run.recall(storage.describe(kept)[1]["notes"])',
            'storage.describe(kept)[1]["notes"]',
            "the effort looks smaller than it was",
        ),
        (
            "workflow: data of a run are not compared",
            "*data_differences(recorded, data.describe())]",
            "*data_differences({}, data.describe())]",
            "a run goes on with other images",
        ),
        (
            "workflow: finished runs of anything are skipped",
            "done = [p for p in finished if not _differences(p, config, data)]",
            "done = finished",
            "a run is taken for another one",
        ),
        (
            "workflow: runs are resumed whatever they were",
            "if differ := _differences(folder, config, data):",
            "if differ := []:",
            "a run goes on with another configuration",
        ),
    ),
    *faults_of(
        "latentq/training/run_folder.py",
        "test_runs test_oracles_identity",
        (
            "runs: the name of the data is ignored",
            'if "auto" not in (named, wanted) and named is not None:',
            "if named is None:",
            "a run on digits goes on with MNIST",
        ),
        (
            "runs: auto is believed",
            'named = data_of(folder).get("name", named)',
            "data_of(folder)",
            "what auto came to is forgotten",
        ),
        (
            "runs: commits before a resume are forgotten",
            '[*(before or "unknown").split(THEN), found["git_commit"] or "unknown"]',
            '[found["git_commit"] or "unknown"]',
            "code that has trained the model is not named",
        ),
        (
            "runs: all settings of the data are free",
            '("data.root", "data.path", "data.download", "data.name")',
            '("data.",)',
            "a limit may change in a run",
        ),
        (
            "runs: all that begins with a free word is free",
            'free = ("resume", "device", "plugin",',
            'free = ("resume", "d", "plugin",',
            "losses and denoising may change in a run",
        ),
        (
            "runs: what is new in a configuration is no difference",
            "sorted(before.keys() | now.keys())",
            "sorted(before.keys() & now.keys())",
            "a run goes on with a setting that it did not have",
        ),
    ),
]
