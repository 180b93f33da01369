"""Faults in the study and the reports: its jobs, its rule and its tables."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/study/jobs.py",
        "test_oracles_tables test_study",
        (
            "autoencoders trained on all images",
            "replace(self, arm=base)",
            "Job(base, ALL, self.seed)",
            "few images leak through the autoencoder",
        ),
        (
            "autoencoders of the first seed",
            '[override("autoencoder", self.folder(job.base))]',
            '[override("autoencoder", self.folder(replace(job.base, seed=0)))]',
            "seeds share their decoder",
        ),
        (
            "few images mean few iterations",
            "ITERATIONS if job.size < LARGEST else ()",
            "ITERATIONS if job.size > LARGEST else ()",
            "small numbers of images are trained less",
        ),
    ),
    *faults_of(
        "latentq/study/tune.py",
        "test_tune",
        (
            "tuning: seeds that failed do not matter",
            "if not own or len(fids) < len(own):",
            "if not fids:",
            "a trial is chosen by its luckier seed",
        ),
        (
            "tuning: the worst trial",
            "mean < best[trial.arm][0]",
            "mean > best[trial.arm][0]",
            "arms have the settings that suit them least",
        ),
        (
            "tuning: arithmetic means",
            "math.fsum(math.log(fid) for fid in fids)",
            "math.fsum(fids)",
            "trials are not compared as the verdict compares",
        ),
        (
            "tuning: on test images",
            'VALIDATION = "metrics.split=validation"',
            'VALIDATION = "metrics.split=test"',
            "settings are chosen on the images of the verdict",
        ),
    ),
    *faults_of(
        "latentq/evaluation/spread.py",
        "test_tune",
        (
            "spread: the infidelity itself",
            "math.sqrt(max(0.0, 1 - overlap) / overlap)",
            "max(0.0, 1 - overlap)",
            "the codebook has another noise than the circuits",
        ),
    ),
    *faults_of(
        "latentq/study/schedule.py",
        "test_study",
        (
            "jobs that do not wait",
            'ready = base is None or self.records[base].state == "finished"',
            "ready = True",
            "autoencoders are used before they are trained",
        ),
    ),
    *faults_of(
        "latentq/study/verdict.py",
        "test_verdict test_oracles_tables",
        (
            "the better side exchanged",
            "if mean < 0 else",
            "if mean > 0 else",
            "the verdict is the opposite",
        ),
        (
            "a verdict on two seeds",
            "if len(seeds) >= SEEDS else None",
            "if len(seeds) >= 2 else None",
            "there is a test where there is none",
        ),
        (
            "one matched arm is enough",
            'return "no difference" if "no difference" in verdicts else "quantum better"',
            'return "quantum better" if "quantum better" in verdicts else "no difference"',
            "quantum need not beat all matched arms",
        ),
    ),
    *faults_of(
        "latentq/report/statistics.py",
        "test_verdict test_oracles_tables",
        (
            "Bonferroni for Holm",
            "(len(p_values) - i) * p_values[key]",
            "len(p_values) * p_values[key]",
            "p-values are too large",
        ),
        (
            "p-values that are not monotone",
            "adjusted[key] = largest",
            "adjusted[key] = min(1.0, (len(p_values) - i) * p_values[key])",
            "a larger p-value may come out smaller",
        ),
    ),
    *faults_of(
        "latentq/study/results.py",
        "test_oracles_tables test_study_results",
        (
            "numbers of another size",
            "return list(self.arms.get(arm, {}).get(size, {}).values())",
            "return list(self.arms.get(arm, {}).get(max(self.sizes), {}).values())",
            "all numbers of images show the largest one",
        ),
    ),
    *faults_of(
        "latentq/study/report/findings.py",
        "test_oracles_tables test_study_report",
        (
            "ratio of FIDs inverted",
            'pair(values(QUANTUM, size, "fid"), values(arm, size, "fid"))',
            'pair(values(arm, size, "fid"), values(QUANTUM, size, "fid"))',
            "controls look better where they are worse",
        ),
        (
            "excess of parameters inverted",
            "return own / quantum - 1",
            "return quantum / own - 1",
            "a larger prior looks smaller",
        ),
        (
            "reconstructions of all arms as the floor",
            'if key == "fid_floor" else [QUANTUM]',
            "if key else [QUANTUM]",
            "the floor has the decoders of other arms in it",
        ),
        (
            "warnings of the wrong arms",
            "abs(x) > TOLERANCE",
            "abs(x) < TOLERANCE",
            "unmatched arms are not told",
        ),
    ),
    *faults_of(
        "latentq/study/report/frames.py",
        "test_oracles_tables test_study_report",
        (
            "one score in all columns of the files",
            "row |= columns_of(key, findings.summary(arm, size, key))",
            'row |= columns_of(key, findings.summary(arm, size, "fid"))',
            "all scores of the files are FIDs",
        ),
        (
            "p-values before Holm",
            '"p_adjusted": result.adjusted,',
            '"p_adjusted": result.pairs.p,',
            "adjusted p-values are not",
        ),
    ),
    *faults_of(
        "latentq/study/report/tables.py",
        "test_oracles_tables test_study_report",
        (
            "the first column of scores in all columns",
            "return interval(findings.summary(arm, size, key), row",
            'return interval(findings.summary(arm, size, "fid"), row',
            "all scores of the page are FIDs",
        ),
        (
            "FID of quantum in all rows of a page",
            'row.get("arm", QUANTUM), row["size"]',
            'QUANTUM, row["size"]',
            "controls have no FID of their own",
        ),
        (
            "tables of all numbers of images at once",
            'rows[(rows["size"] == size) & (rows["planned"] > 0)]',
            'rows[rows["planned"] > 0]',
            "arms stand several times in a table",
        ),
    ),
    *faults_of(
        "latentq/report/grouping.py",
        "test_report_numbers test_oracles_tables",
        (
            "features that do not matter",
            'features = [run.get("features.name"), run.get("features.sha256")]',
            "features = []",
            "FIDs of other features stand side by side",
        ),
        (
            "samples that do not matter",
            'features, run.get("n_samples"), run.split',
            "features, run.split",
            "FIDs of other numbers of samples stand side by side",
        ),
        (
            "a seed twice in a mean",
            "free = [arm for arm in same if run.seed not in arm.seeds]",
            "free = same[:1]",
            "two runs of one seed count as two seeds",
        ),
    ),
    *faults_of(
        "latentq/report/scores.py",
        "test_oracles_tables test_report",
        (
            "Haar states for the terminal ensemble",
            'a, "fid_terminal")',
            'a, "fid_haar")',
            "one row stands twice",
        ),
        (
            "ratio of parameters inverted",
            "number(one / two) if",
            "number(two / one) if",
            "the smaller model looks larger",
        ),
        (
            "undenoised MMD for the forward end",
            '_cell(arm, "mmd.forward_end")',
            '_cell(arm, "mmd.undenoised")',
            "the forward process looks worse than it is",
        ),
        (
            "MMDs of steps in the wrong order",
            "reversed(range(steps))",
            "range(steps)",
            "rows are not those of their names in order",
        ),
    ),
    *faults_of(
        "latentq/report/wording.py",
        "test_oracles_tables test_report",
        (
            "reconstructions compared with samples",
            'two.values("fid"))',
            'two.values("fid_reconstruction"))',
            "samples of one model against reconstructions of the other",
        ),
    ),
    *faults_of(
        "latentq/study/verdict.py",
        "test_oracles_tables test_verdict",
        (
            "fewer images where classical is better",
            'if size < largest and verdict == "quantum better"',
            'if size < largest and verdict == "classical better"',
            "the claim on few images is the opposite",
        ),
        (
            "the headline of the fewest images",
            "return self.overall[max(self.overall)]",
            "return self.overall[min(self.overall)]",
            "the verdict is that of another number of images",
        ),
        (
            "an interval that excludes 0 is a side, whatever Holm says",
            "inside = judge_interval(found.ends, endpoint.margin).inside",
            'inside = judge_interval(found.ends, endpoint.margin).side == "no difference"',
            "arms within the margin are called undecided",
        ),
        (
            "more recall is worse",
            "if endpoint.lower else -found.mean",
            "if endpoint.lower else found.mean",
            "the second endpoint decides for the other side",
        ),
        (
            "one endpoint is enough",
            'if {"quantum better", "classical better"} <= {*verdicts}:',
            "if not verdicts:",
            "a better FID makes up for a worse recall",
        ),
        (
            "no margin in the study",
            "inside = judge_interval(found.ends, endpoint.margin).inside",
            "inside = judge_interval(found.ends, 0.0).inside",
            "there is never no difference",
        ),
    ),
    *faults_of(
        "latentq/study/report/findings.py",
        "test_oracles_tables test_study_report",
        (
            "decoders compared with themselves",
            'values(QUANTUM, size, "fid_reconstruction").get(seed, own)',
            'values(arm, size, "fid_reconstruction").get(seed, own)',
            "another decoder is never told",
        ),
        (
            "the smallest number of images as the largest",
            "return max(self.study.sizes)",
            "return min(self.study.sizes)",
            "tables are of another number of images",
        ),
    ),
    *faults_of(
        "latentq/report/images.py",
        "test_oracles_tables test_report",
        (
            "long curves thinned to their first points",
            "return [sum(part) / len(part) for part in parts]",
            "return [part[0] for part in parts]",
            "curves are noisier than said",
        ),
        (
            "pictures of the first run for all seeds",
            "(run for run in arm.runs if run.seed == seed), None)",
            "(run for run in arm.runs), None)",
            "pictures are not of the seed they name",
        ),
    ),
    *faults_of(
        "latentq/study/report/images.py",
        "test_oracles_tables test_study_report",
        (
            "pictures of another seed",
            "run = jobs[seed].run if seed in jobs else None",
            "run = jobs[min(jobs)].run if jobs else None",
            "pictures are not of the seed they name",
        ),
        (
            "the best of a role last",
            "(fid is None, fid or 0.0)",
            "(fid is None, -(fid or 0.0))",
            "the forest is upside down",
        ),
        (
            "lines from many images to few",
            "[::-1]  # Few images first.",
            "",
            "the end of a line is that of few images",
        ),
    ),
]
