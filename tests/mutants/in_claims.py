"""Faults in claims by whole intervals, and in what a resumed run reads and is told."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/experiments/improved/statistics.py",
        "test_oracles_verdicts test_experiments_improved::test_slopes_and_crossings",
        (
            "improved: constants for slopes",
            "np.array(values), 1)[0])",
            "np.array(values), 1)[1])",
            "laws are judged by the size at no qubits",
        ),
        (
            "improved: crossings from the far end",
            "share = low / (low - high)",
            "share = high / (high - low)",
            "thresholds lie on the other side of their middle",
        ),
        (
            "improved: crossings on a plain axis",
            "2 ** (bits(x[i]) + share * (bits(x[i + 1]) - bits(x[i])))",
            "x[i] + share * (x[i + 1] - x[i])",
            "thresholds are not those of the logarithmic axis",
        ),
        (
            "improved: nats for bits",
            "np.log2(max(value, TINY))",
            "np.log(max(value, TINY))",
            "sizes are in another unit than they say",
        ),
    ),
    *faults_of(
        "latentq/experiments/improved/theorem_claims.py",
        "test_oracles_verdicts test_experiments_improved::test_bounds_hold_by_whole_intervals",
        (
            "theorems: a bound is broken by one end",
            'printed = sum(row["low"] > row["printed_bound"] for row in rows)',
            'printed = sum(row["high"] > row["printed_bound"] for row in rows)',
            "wide intervals refute",
        ),
        (
            "theorems: a bound is kept by one end",
            'linear = sum(row["high"] <= row["linear_bound"] for row in rows)',
            'linear = sum(row["low"] <= row["linear_bound"] for row in rows)',
            "wide intervals confirm",
        ),
        (
            "theorems: the other bound",
            'any(row["low"] > row["linear_bound"] for row in rows)',
            'any(row["low"] > row["printed_bound"] for row in rows)',
            "our reading is refuted by the printed bound",
        ),
        (
            "theorems: lower bounds kept by one end",
            'holds = sum(row["low"] >= row["printed_term"] for row in rows)',
            'holds = sum(row["high"] >= row["printed_term"] for row in rows)',
            "wide intervals confirm",
        ),
        (
            "theorems: lower bounds broken by one end",
            'any(row["high"] < row["printed_term"] for row in rows)',
            'any(row["low"] < row["printed_term"] for row in rows)',
            "wide intervals refute",
        ),
        (
            "theorems: a scale that is not stated",
            'rows = pick(tables["bounds"], scale="1/L")',
            'rows = pick(tables["bounds"], scale="pi")',
            "the theorem is judged where it says nothing",
        ),
    ),
    *faults_of(
        "latentq/experiments/latent/claims.py",
        "test_oracles_verdicts test_experiments_latent",
        (
            "latent: one end above is the same pattern",
            '"confirmed" if low > SAME else "refuted" if high < SAME',
            '"confirmed" if high > SAME else "refuted" if low < SAME',
            "correlations that are not known confirm",
        ),
        (
            "latent: Fisher's interval over all",
            "math.sqrt(count - 3)",
            "math.sqrt(count + 3)",
            "intervals of correlations are too short",
        ),
        (
            "latent: small differences confirm",
            'return "corrected" if gap.inside else "confirmed"',
            'return "confirmed" if gap.inside else "corrected"',
            "what is less than small is structure",
        ),
        (
            "latent: margins in bits",
            "judge_interval(mean(values - found.page).ends, SMALL * deviation)",
            "judge_interval(mean(values - found.page).ends, SMALL)",
            "margins are in other units than they say",
        ),
        (
            "latent: what is within the convention confirms",
            '{"confirmed": "refuted", "corrected": "confirmed"}',
            '{"confirmed": "confirmed", "corrected": "confirmed"}',
            "a convention is a signature",
        ),
        (
            "latent: the course from the end",
            "for before, after in zip(found.steps,",
            "for after, before in zip(found.steps,",
            "entanglement rises where it falls",
        ),
    ),
    *faults_of(
        "latentq/config/words.py",
        "faults/test_cases_surroundings::test_case_44_odd_paths_are_read_back "
        "faults/test_cases_surroundings::test_case_44_the_commands_that_are_made",
        (
            "words: plain at its beginning",
            "if _PLAIN.fullmatch(value):",
            "if _PLAIN.match(value):",
            "odd paths are read as something else",
        ),
        (
            "words: references to other keys",
            r"""lambda found: found[1] * 2 + r"\${", value)""",
            "lambda found: found[0], value)",
            "a dollar in a path is another key",
        ),
        (
            "words: backslashes as they are",
            r"""r"\1\1\2", value)""",
            r"""r"\1\2", value)""",
            "a backslash ends the word",
        ),
        (
            "words: quotes as they are",
            r"""value).replace(quote, f"\\{quote}")""",
            "value)",
            "a quote ends the word",
        ),
    ),
    *faults_of(
        "latentq/training/checkpoints.py",
        "faults/test_checkpoints::test_the_two_newest_states_are_kept "
        "faults/test_checkpoints::test_what_is_not_valid_is_named_and_the_one_before_is_taken "
        "faults/test_checkpoints::test_every_bit_counts "
        "faults/test_checkpoints::test_nothing_is_executed",
        (
            "states: digests are not compared",
            'if hashlib.sha256(body).hexdigest().encode() + b"\\n" != data[len(MAGIC) : start]:',
            'if hashlib.sha256(body).hexdigest().encode() + b"\\n" == body:',
            "a damaged state is trained on",
        ),
        (
            "states: of any run",
            "if theirs.get(key) != config.get(key)",
            "if theirs.get(key) != theirs.get(key)",
            "a run goes on from the state of another one",
        ),
        (
            "states: the one before first",
            "for path in (folder / LAST, folder / PREVIOUS):",
            "for path in (folder / PREVIOUS, folder / LAST):",
            "work is lost at each resume",
        ),
        (
            "states: anything in a pickle",
            "weights_only=True)",
            "weights_only=False)",
            "what a file holds is executed",
        ),
    ),
    *faults_of(
        "latentq/models/storage.py",
        "test_oracles_identity::test_damaged_weights_are_refused",
        (
            "models: digests are not compared",
            'if hashlib.sha256(content).hexdigest() != description["sha256"]:',
            'if not description["sha256"]:',
            "damaged weights are loaded",
        ),
    ),
    *faults_of(
        "latentq/training/run.py",
        "test_runs",
        (
            "runs: the time of the last part alone",
            "stage: self.seconds.get(stage, 0.0) + wall}",
            "stage: wall}",
            "the effort of a resumed run looks smaller than it was",
        ),
        (
            "runs: one clock for both",
            "time.perf_counter() - wall, time.process_time() - cpu",
            "time.perf_counter() - wall, time.perf_counter() - wall",
            "waiting counts as work",
        ),
    ),
]
