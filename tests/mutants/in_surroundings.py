"""Faults in what surrounds the mathematics: seeds, inputs, the process, files and code."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/randomness.py",
        "test_randomness test_process",
        (
            "random: true is a seed",
            '.endswith("bool")',
            '.endswith("boolean")',
            "False gives the images of 0, and None others",
        ),
        (
            "random: steps do not matter",
            'part if isinstance(part, str) else check_whole(part, "step") for part in purpose',
            "part for part in purpose if isinstance(part, str)",
            "every iteration has the same draws",
        ),
        (
            "random: negative seeds",
            "if number < least or",
            "if number < least - 1 or",
            "a seed of -1 is one",
        ),
    ),
    *faults_of(
        "latentq/models/generative.py",
        "test_process test_model",
        (
            "images up to 255",
            "if not (low >= 0 and high <= 1):",
            "if not (low >= 0 and high <= 255):",
            "bytes are encoded as if they were images",
        ),
        (
            "images down to -1",
            "if not (low >= 0 and high <= 1):",
            "if not (low >= -1 and high <= 1):",
            "images of another range are encoded",
        ),
        (
            "the class after the last one",
            "(given >= self.classes)",
            "(given > self.classes)",
            "a class of 10 starts where no state is",
        ),
        (
            "labels that are numbers of any kind",
            "if not whole or bool(",
            "if bool(",
            "True is a one",
        ),
        (
            "weights of a part do not know which part it is",
            'derive_seed(seed, "init", purpose)',
            'derive_seed(seed, "init")',
            "encoder and decoder begin with the same numbers",
        ),
    ),
    *faults_of(
        "latentq/engine/process.py",
        "test_process",
        (
            "process: the default type stays",
            "torch.set_default_dtype(before)",
            "torch.set_default_dtype(torch.float32)",
            "the caller's type is changed",
        ),
        (
            "process: the threads stay",
            "torch.set_num_threads(threads)",
            "torch.set_num_threads(torch.get_num_threads())",
            "the caller's threads are changed",
        ),
        (
            "process: the caller's generator is drawn from",
            "torch.random.fork_rng(devices=[])",
            "torch.random.fork_rng(devices=[], enabled=False)",
            "loading changes the caller's draws",
        ),
        (
            "process: deterministic mode stays",
            "torch.use_deterministic_algorithms(deterministic, warn_only=warn)",
            "torch.are_deterministic_algorithms_enabled()",
            "the caller's mode is changed",
        ),
        (
            "process: the workspace stays",
            "os.environ[WORKSPACE] = workspace",
            "os.environ.setdefault(WORKSPACE, str(threads))",
            "the caller's environment is changed",
        ),
    ),
    *faults_of(
        "latentq/diffusion/losses/transport.py",
        "test_transport",
        (
            "transport: the solver's word is not asked for",
            'if log["result_code"] != 1:',
            'if log["result_code"] < 0:',
            "a solver that stops early is not told",
        ),
        (
            "transport: the potential with the other sign",
            "((w - w.detach()) * u.to(value))",
            "((w.detach() - w) * u.to(value))",
            "weights move away from the optimum",
        ),
        (
            "transport: potentials of no weight are left as they are",
            "if idle.any():",
            "if not idle.any():",
            "the gradient by weights of 0",
        ),
        (
            "transport: sources are not checked",
            "np.abs(plan.sum(axis=1) - source).max(), np",
            "0.0, np",
            "a plan that leaves something behind is optimal",
        ),
        (
            "transport: targets are not checked",
            "np.abs(plan.sum(axis=0) - target).max()",
            "0.0",
            "a plan that carries to other places is optimal",
        ),
        (
            "transport: what is carried at a loss is not checked",
            "np.vdot(plan, slack) / mass",
            "0.0",
            "any plan is optimal",
        ),
        (
            "transport: potentials are not checked",
            "max(-slack.min(),",
            "max(0.0,",
            "any potentials are optimal",
        ),
        (
            "transport: targets of mass one",
            "float(source.numpy().sum()) / m)",
            "1 / m)",
            "weights that do not sum to one",
        ),
    ),
    *faults_of(
        "latentq/evaluation/vectors.py",
        "test_vectors",
        (
            "vectors: infinities are numbers",
            "if not bool(torch.isfinite(vectors).all()):",
            "if bool(torch.isnan(vectors).any()):",
            "FIDs of infinite features",
        ),
        (
            "vectors: widths are not compared",
            "if first and vectors.shape[1] != width:",
            "if not first and vectors.shape[1] != width + vectors.shape[1]:",
            "features of different networks are compared",
        ),
        (
            "vectors: any type of number",
            "if vectors.dtype not in KINDS:",
            "if vectors.dtype in ():",
            "whole numbers and halves overflow",
        ),
    ),
    *faults_of(
        "latentq/training/commit.py",
        "test_commit",
        (
            "commit: that of the repository around",
            "if Path(os.fsdecode(top)).resolve() != root.resolve():",
            "if not top:",
            "runs have the commit of another project",
        ),
        (
            "commit: that of a repository without the file",
            '_git(root, "ls-files", "--error-unmatch", "--", "latentq/training/commit.py")',
            '_git(root, "ls-files", "--", "latentq/training/commit.py")',
            "runs have the commit of another project",
        ),
        (
            "commit: that of the caller's hook",
            'if not k.startswith("GIT_")',
            "if k",
            "runs have the commit of another project",
        ),
        (
            "commit: changes are not told",
            '("+changes" if changes else "")',
            '("+changes" if not head else "")',
            "runs look as if they could be repeated",
        ),
        (
            "commit: every new file is a change",
            '"--untracked-files=no"',
            '"--untracked-files=normal"',
            "no run looks as if it could be repeated",
        ),
    ),
    *faults_of(
        "latentq/paths.py",
        "faults/test_cases_surroundings::test_case_46_a_disk_that_does_not_wait "
        "faults/test_cases_surroundings::test_case_46_a_folder_that_cannot_be_opened test_storage",
        (
            "files: shared folders are an error",
            "*(errno.EINVAL, errno.ENOSYS,",
            "*(errno.ENOSYS,",
            "nothing can be written to CIFS",
        ),
        (
            "files: failing disks are not told",
            "if error.errno not in NOT_ASKED:",
            "if not error.errno:",
            "what was written may be lost",
        ),
        (
            "files: written in place",
            "write_synced(partial[path], content)\n        for path in files:\n"
            "            os.replace(partial[path], path)",
            "write_synced(path, content)\n        for path in files:",
            "a failed write destroys the old file",
        ),
        (
            "files: what was begun is left behind",
            "beside.unlink(missing_ok=True)",
            "beside.exists()",
            "a failed write leaves a file",
        ),
    ),
    *faults_of(
        "latentq/engine/native/compiling.py",
        "test_native::test_what_was_compiled_is_read_again "
        "test_native::test_a_damaged_cache_is_compiled_anew "
        "test_native::test_no_byte_of_the_cache_is_read_unchecked "
        "test_native::test_a_cache_on_a_full_or_read_only_disk_is_done_without",
        (
            "compiling: digests are not compared",
            "digest() == content[-DIGEST:]",
            "digest() != content",
            "damaged machine code is run",
        ),
        (
            "compiling: the index is not checked",
            "if is_whole(self._index_path) else {}",
            "if self._index_path else {}",
            "a damaged index is unpickled",
        ),
        (
            "compiling: machine code is not checked",
            "if not is_whole(self._data_path(name)):",
            "if not self._data_path(name):",
            "damaged machine code is run",
        ),
        (
            "compiling: nothing is kept",
            "super().save_overload(sig, data)",
            "return",
            "everything is compiled at each start",
        ),
    ),
    *faults_of(
        "latentq/config/config.py",
        "test_oracles_identity",
        (
            "relations: classes without images",
            'if missing and config["model"].get("conditional"):',
            'if not missing and config["model"].get("conditional"):',
            "a conditional model is trained without a class",
        ),
    ),
    *faults_of(
        "latentq/experiments/ablation.py",
        "test_experiments::test_ablation_collects_what_is_finished test_oracles_identity",
        (
            "ablation: the first of the finished runs",
            "return done[-1] if done else None",
            "return done[0] if done else None",
            "a run that was repeated is not read",
        ),
        (
            "ablation: runs of any configuration",
            "if is_finished(path) and not differences(path, config)",
            "if is_finished(path)",
            "rows have numbers of rows that were changed",
        ),
        (
            "ablation: runs that are not finished",
            "if is_finished(path) and not differences(path, config)",
            "if not differences(path, config)",
            "there are no numbers in a run that was stopped",
        ),
    ),
]
