"""Faults in the experiments: which ensemble, which difference, which sign, which claim."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/experiments/improved/quality.py",
        "test_oracles_experiments test_experiments_improved",
        (
            "improved: old less new",
            "for old, new in each]",
            "for new, old in each]",
            "the improved model looks worse where it is better",
        ),
        (
            "improved: the undenoised control is denoised",
            "found[UNDENOISED] = [chain[0] for chain in chains]",
            "found[UNDENOISED] = [chain[-1] for chain in chains]",
            "there is no difference to the control",
        ),
        (
            "improved: the model is not denoised",
            "found[name] = [chain[-1] for chain in chains]",
            "found[name] = [chain[0] for chain in chains]",
            "terminal ensembles are judged as samples",
        ),
        (
            "improved: a rise as a fall",
            "[chain[0] - value for value in chain]",
            "[value - chain[0] for value in chain]",
            "the sign of the divergence's fall",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/claims.py",
        "test_oracles_experiments test_experiments_improved",
        (
            "improved: a lower fidelity is better",
            '"best_fidelity": ("best fidelity", 1)',
            '"best_fidelity": ("best fidelity", -1)',
            "the claim on samples is judged by the wrong sign",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/gradients.py",
        "test_oracles_experiments test_experiments_improved",
        (
            "improved: ratio of gradients inverted",
            'sizes["improved", n, seed] - size',
            'size - sizes["improved", n, seed]',
            "the improved model's gradients look smaller",
        ),
        (
            "improved: bits lost with the other sign",
            "lost = [b - a for",
            "lost = [a - b for",
            "a gain looks like a loss",
        ),
        (
            "improved: bits since the first cycle with the other sign",
            "since = [a - b for",
            "since = [b - a for",
            "decay looks like growth",
        ),
        (
            "improved: small angles for normal ones",
            'name = MODELS[init == "small"]',
            'name = MODELS[init != "small"]',
            "the remedies are exchanged",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/training.py",
        "test_oracles_experiments test_experiments_improved",
        (
            "improved: ideal inputs of the step itself",
            "diffuse(states, t + 1, generator)",
            "diffuse(states, t, generator)",
            "ideal inputs are the targets",
        ),
        (
            "improved: signal over all pairs",
            "total.item() / (draws * (draws - 1))",
            "total.item() / draws**2",
            "the signal has a bias",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/scales.py",
        "test_oracles_experiments test_experiments_improved",
        (
            "improved: scales compared the other way",
            "[a - b for a, b in zip(first, usual",
            "[b - a for a, b in zip(first, usual",
            "larger angles look better where they are worse",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/strength.py",
        "test_experiments_improved::test_slopes_and_crossings",
        (
            "improved: threshold at the top",
            "(low + sizes[-1]) / 2",
            "sizes[-1]",
            "the distance at which no bit is lost",
        ),
    ),
    *faults_of(
        "latentq/experiments/denoiser/remedies.py",
        "test_oracles_experiments test_experiments_denoiser",
        (
            "denoiser: remedies compared the other way",
            "value(rows[one]) - value(rows[other])",
            "value(rows[other]) - value(rows[one])",
            "remedies that help are refuted",
        ),
        (
            "denoiser: reference less remedy",
            "outcome.expected - reference.expected",
            "reference.expected - outcome.expected",
            "the table's sign of the difference",
        ),
        (
            "denoiser: all stages for the last one",
            "return outcome.history.expected[:, -1]",
            "return outcome.history.expected.mean(dim=1)",
            "claims on the last stage are on all stages",
        ),
        (
            "denoiser: saturation from the wrong end",
            "if value > threshold), None)",
            "if value < threshold), None)",
            "the adapted depths",
        ),
    ),
    *faults_of(
        "latentq/experiments/denoiser/claims.py",
        "test_oracles_experiments test_experiments_denoiser",
        (
            "denoiser: selection judged the other way",
            "-side(spread(best - other))",
            "side(spread(best - other))",
            "selection over epochs looks like learning",
        ),
        (
            "denoiser: depths compared the other way",
            "o.best[:, 0] - o.best[:, -1]",
            "o.best[:, -1] - o.best[:, 0]",
            "a fall with depth looks like a rise",
        ),
        (
            "denoiser: interval of a mean for a single run",
            "(len(values.values) + 1) ** 0.5",
            "len(values.values) ** 0.5",
            "too few runs are as expected",
        ),
    ),
    *faults_of(
        "latentq/experiments/denoiser/runs.py",
        "test_oracles_experiments test_experiments_denoiser",
        (
            "denoiser: training fidelity as held out",
            "return self.history.held_out[..., -1].mean(dim=1)",
            "return self.history.training[..., -1].mean(dim=1)",
            "what is tested was trained on",
        ),
        (
            "denoiser: other states at their own best epoch",
            "other.gather(1, place[:, None]).squeeze(1)",
            "other.amax(dim=1)",
            "the control of the selection is selected too",
        ),
    ),
    *faults_of(
        "latentq/experiments/latent/measures.py",
        "test_oracles_experiments test_experiments_latent",
        (
            "latent: data less generated",
            'for name in ("S0", "data"))',
            'for name in ("data", "S0"))',
            "the sign of all differences",
        ),
        (
            "latent: equal variances assumed",
            "equal_var=False",
            "equal_var=True",
            "intervals are wrong for unequal numbers and variances",
        ),
        (
            "latent: size in deviations of what was generated",
            "spread = float(data.std())",
            "spread = float(made.std())",
            "sizes are in other units than they say",
        ),
    ),
    *faults_of(
        "latentq/experiments/views/measures.py",
        "test_oracles_experiments test_experiments_views",
        (
            "views: lead of the phases",
            "return ahead - (learned",
            "return -ahead + (learned",
            "magnitudes look late where they are early",
        ),
        (
            "views: fidelity with the scrambled state",
            "states = learned[setting.marks.index(epochs)]",
            "states = learned[0]",
            "the untrained circuit is shown as trained",
        ),
    ),
    *faults_of(
        "latentq/experiments/views/claims.py",
        "test_oracles_experiments test_experiments_views",
        (
            "views: scrambled less denoised",
            'cells = learned["negative_share"] - before["negative_share"]',
            'cells = before["negative_share"] - learned["negative_share"]',
            "the sign of what the denoiser adds",
        ),
        (
            "views: restored pairs with the other sign",
            'correlation(stage["information"], goal) - correlation(mixed, goal)',
            'correlation(mixed, goal) - correlation(stage["information"], goal)',
            "a loss looks like a gain",
        ),
    ),
    *faults_of(
        "latentq/experiments/measures.py",
        "test_measures test_experiments_views",
        (
            "phases added up",
            "psi.angle() - target.angle()",
            "psi.angle() + target.angle()",
            "the fidelity of the phases",
        ),
        (
            "states of the square root of a fidelity",
            "share.sqrt() * target + (1 - share).sqrt() * chi",
            "share * target + (1 - share.square()).sqrt() * chi",
            "the comparison is with states of another fidelity",
        ),
    ),
    *faults_of(
        "latentq/experiments/saturation.py",
        "test_saturation test_noise::test_rows_of_known_curves",
        (
            "crossings at the layer after",
            "return after - (curve[after] - value) / (curve[after] - curve[after - 1])",
            "return float(after)",
            "saturation depths are whole layers",
        ),
        (
            "slopes with one degree of freedom too many",
            "len(points) - 2)",
            "len(points) - 1)",
            "intervals of slopes are too short",
        ),
    ),
    *faults_of(
        "latentq/experiments/noise/findings.py",
        "test_oracles_experiments test_noise",
        (
            "noise: crossings of another pattern",
            'if row["pattern"] == pattern]',
            'if row["pattern"] != pattern]',
            "slopes are of other patterns than named",
        ),
    ),
    *faults_of(
        "latentq/experiments/plateaus/statistics.py",
        "test_experiments_plateaus::test_fits_tell_an_exponential_from_a_power",
        (
            "plateaus: power laws over qubits",
            "power = line(np.log2(n),",
            "power = line(n,",
            "a power law is an exponential",
        ),
    ),
    *faults_of(
        "latentq/experiments/plateaus/claims.py",
        "test_oracles_experiments test_experiments_plateaus",
        (
            "plateaus: what is left over inverted",
            '(1 - fit["r2"]) / max(1 - fit["power_r2"], 1e-12)',
            '(1 - fit["power_r2"]) / max(1 - fit["r2"], 1e-12)',
            "exponentials are taken for powers",
        ),
        (
            "plateaus: the global cost first",
            "signs.append(better(two, one))",
            "signs.append(better(one, two))",
            "local costs look needed where they are worse",
        ),
    ),
    *faults_of(
        "latentq/experiments/plateaus/training.py",
        "test_experiments_plateaus::test_schedules test_oracles_experiments",
        (
            "plateaus: global, then marginal",
            "return [marginal_cost] * first + [global_cost] * (iterations - first)",
            "return [global_cost] * (iterations - first) + [marginal_cost] * first",
            "the third schedule is the other way round",
        ),
    ),
    *faults_of(
        "latentq/experiments/quddpm/claims.py",
        "test_oracles_experiments test_experiments_quddpm::test_verdicts_follow_from_the_rows",
        (
            "quddpm: ratio of errors inverted",
            "math.log(errors[0][seed] / errors[1][seed])",
            "math.log(errors[1][seed] / errors[0][seed])",
            "the worse way looks better",
        ),
        (
            "quddpm: the worst way as the best",
            "return min(((w, s) for w, s in found.items() if s)",
            "return max(((w, s) for w, s in found.items() if s)",
            "the limit of circuits is that of the worst recipe",
        ),
        (
            "quddpm: the error with one key among the tests",
            "if way != KEY]",
            "if way]",
            "a training error counts as a test",
        ),
    ),
    *faults_of(
        "latentq/experiments/quddpm/measures.py",
        "test_oracles_experiments test_experiments_quddpm::test_distances_in_parts_are_averaged",
        (
            "quddpm: biased for unbiased",
            '"unbiased": float(expected_mmd1(psi, data))',
            '"unbiased": float(expected_mmd1(psi, data, task.states))',
            "the unbiased MMD has the floor in it",
        ),
        (
            "quddpm: tested on what was trained on",
            'derive_generator(seed, "test")',
            'derive_generator(seed, "data")',
            "test states come from the stream of the training states",
        ),
    ),
    *faults_of(
        "latentq/experiments/bounds.py",
        "test_experiments",
        (
            "bounds: free reals of an isometry",
            "(2 * 2**ancillas - 1) * latents",
            "(2 * 2**ancillas) * latents",
            "instruments look larger than they are",
        ),
    ),
    *faults_of(
        "latentq/experiments/gradients.py",
        "test_experiments",
        (
            "gradients: bias of a single draw",
            '"bias_noise": (spread / math.sqrt(draws) / exact.norm())',
            '"bias_noise": (spread / exact.norm())',
            "the bias looks lost in noise",
        ),
    ),
    *faults_of(
        "latentq/experiments/ablation.py",
        "test_oracles_experiments",
        (
            "ablation: autoencoder of the first seed",
            'f"autoencoder={root}/quantum-mnist-seed{seed}"',
            'f"autoencoder={root}/quantum-mnist-seed0"',
            "seeds share their decoder",
        ),
    ),
    *faults_of(
        "latentq/experiments/quddpm/training.py",
        "test_oracles_recipes test_experiments_quddpm::test_a_step_alone_leaves_the_others",
        (
            "quddpm: one step as strong as the last",
            "strengths = (math.fsum(strengths),)",
            "strengths = (strengths[-1],)",
            "the benchmark of one step has another forward process",
        ),
        (
            "quddpm: one step for the iterations of one",
            "times = task.steps if prior.steps == 1 else recipe.times",
            "times = recipe.times",
            "the benchmark of one step is trained less",
        ),
        (
            "quddpm: trained on the test stream",
            'derive_generator(seed, "data")',
            'derive_generator(seed, "test")',
            "the test draws come from the stream of the training states",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/models.py",
        "test_experiments_improved::test_distances_are_those_of_samples test_oracles_recipes",
        (
            "improved: models exchanged",
            '{"original": "haar", "improved": "zero"}',
            '{"original": "zero", "improved": "haar"}',
            "the original begins where the improved one should",
        ),
        (
            "improved: distance of the data with one end",
            "+ ((1 - square) / 2) ** qubits) / 2 - 0.5**qubits",
            "- ((1 - square) / 2) ** qubits) / 2 - 0.5**qubits",
            "the data look nearer to Haar states than they are",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/theorems.py",
        "test_oracles_recipes test_experiments_improved::test_the_variance_for_haar_inputs",
        (
            "improved: exponents of fewer bits",
            "own[n, SETS[-1]] - own[n, SETS[0]]) / span",
            "own[n, SETS[0]] - own[n, SETS[-1]]) / span",
            "the power of N has the wrong sign",
        ),
        (
            "improved: targets of one state",
            "targets = 1 if kind ==",
            "targets = states if kind ==",
            "the closed form is of other targets",
        ),
    ),
    *faults_of(
        "latentq/experiments/latent/measures.py",
        "test_oracles_recipes test_experiments_latent",
        (
            "latent: variance within classes",
            "explained[inside] = values[inside].mean()",
            "explained[inside] = values[inside]",
            "all of the variance is between the classes",
        ),
        (
            "latent: information of other digits",
            "shared[ensemble.classes == d].mean(dim=0)",
            "shared[ensemble.classes != d].mean(dim=0)",
            "pairs are those of all other digits",
        ),
    ),
    *faults_of(
        "latentq/experiments/views/statistics.py",
        "test_oracles_recipes test_experiments_views",
        (
            "views: correlation with the means",
            "(x - x.mean(dim=-1, keepdim=True) for x in (one, two))",
            "(x for x in (one, two))",
            "all informations are alike, as they are positive",
        ),
        (
            "views: sides exchanged",
            'return "above" if low > 0 else "below"',
            'return "below" if low > 0 else "above"',
            "all verdicts by sides",
        ),
    ),
    *faults_of(
        "latentq/experiments/views/measures.py",
        "test_oracles_recipes test_experiments_views",
        (
            "views: fidelity of the untrained circuit's stage",
            "found[scrambled(depth)] = numbers(setting, mixed[k], goals)",
            "found[scrambled(depth)] = numbers(setting, mixed[0], goals)",
            "all depths show the first one",
        ),
    ),
    *faults_of(
        "latentq/experiments/denoiser/runs.py",
        "test_oracles_recipes test_experiments_denoiser",
        (
            "denoiser: starts with the first stage",
            "self.history.training[:, 1:, 0]",
            "self.history.training[:, :, 0]",
            "what was lost between stages has the first start in it",
        ),
        (
            "denoiser: gain from zero",
            "return (curve - curve[:, :1]) / (curve[:, -1:] - curve[:, :1])",
            "return curve / curve[:, -1:]",
            "early gains look larger",
        ),
    ),
    *faults_of(
        "latentq/experiments/gradients.py",
        "test_oracles_recipes test_experiments",
        (
            "gradients: bias against itself",
            '"bias": ((mean - exact).norm() / exact.norm())',
            '"bias": ((mean - drawn[0]).norm() / exact.norm())',
            "the bias of an estimate is its noise",
        ),
        (
            "gradients: particles of one state",
            "copies = starts.repeat_interleave(2 **",
            "copies = starts[:1].repeat_interleave(len(starts) * 2 **",
            "estimates are of another loss than the exact one",
        ),
    ),
    *faults_of(
        "latentq/experiments/plateaus/log.py",
        "test_experiments_plateaus::test_the_mean_over_haar_states_has_a_closed_form "
        "test_oracles_recipes",
        (
            "plateaus: fresh scramblers for each state",
            'QUBITS, SCRAMBLED, "staggered", generator, copies=len(psi)',
            'QUBITS, SCRAMBLED, "ladder", generator, copies=len(psi)',
            "the scrambler is another one than the log's",
        ),
    ),
    *faults_of(
        "latentq/experiments/ablation.py",
        "test_oracles_recipes",
        (
            "ablation: iterations for the seconds",
            '"seconds": metrics["wall_seconds"]["prior"]',
            '"seconds": metrics["wall_seconds"]["evaluation"]',
            "costs of rows are of another stage",
        ),
    ),
]
