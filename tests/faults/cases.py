"""The 40 faults and bad inputs that the project must survive, and the tests that prove each."""

from dataclasses import dataclass

HERE, TESTS = "tests/faults/", "tests/"


@dataclass(frozen=True)
class Case:
    """A fault, what has to happen, and the tests of it, as `file::test`."""

    number: int
    what: str
    expected: str
    tests: tuple[str, ...]


def _case(number: int, what: str, expected: str, *tests: str) -> Case:
    return Case(number, what, expected, tests)


CONFIG = "tests/faults/test_cases_config.py::test_case_"
DATA = "tests/faults/test_cases_data.py::test_case_"
FILES = "tests/faults/test_cases_files.py::test_case_"
SAFETY = "tests/faults/test_cases_safety.py::test_case_"
REPORT = "tests/faults/test_cases_report.py::test_case_"
MACHINE = "tests/faults/test_cases_machine.py::test_case_"
# Cases whose tests are in files that are still to come.
PENDING = (17, 18, 19, 20, 21, 22, 25, 26, 27, 28, 29, 30, 35)

CASES = (
    _case(
        1,
        "`model=quantm`",
        "exit 2, the allowed values and the nearest one",
        CONFIG + "01_unknown_model",
    ),
    _case(2, "`train.lrr=0.1`", "exit 2, the nearest key", CONFIG + "02_unknown_key"),
    _case(
        3,
        "`images.epochs=abc`, or an empty value",
        "exit 2, key, value and type",
        CONFIG + "03_wrong_type",
    ),
    _case(
        4,
        "learning rate nan, inf or -1, epochs -5, batch 0, 0 qubits",
        "refused before a file is made, all together",
        CONFIG + "04_out_of_range",
    ),
    _case(
        5,
        "a run too large for the memory",
        "refused with the numbers and what to lower",
        CONFIG + "05_too_large_for_the_memory",
    ),
    _case(
        6,
        "a latent that the qubits cannot hold",
        "refused, both numbers are named",
        CONFIG + "06_latent_does_not_fit_the_qubits",
    ),
    _case(7, "seed negative, above 2^32 - 1, or text", "exit 2", CONFIG + "07_seed"),
    _case(
        8,
        "Python 3.14, on which this Hydra does not run",
        "said at the start",
        MACHINE + "08_other_python",
    ),
    _case(
        9,
        "torch and torchvision of different builds",
        "the doctor names both; all runs without torchvision",
        MACHINE + "09_without_torchvision",
        TESTS + "test_doctor.py::test_builds_that_do_not_fit_are_named",
    ),
    _case(
        10,
        "torchquantum missing or half installed",
        "`engine=torchquantum` says what is missing, the default engine runs",
        MACHINE + "10_without_torchquantum",
        TESTS + "test_doctor.py::test_a_half_installed_torchquantum_is_explained",
    ),
    _case(
        11,
        "no network and no data",
        "says which files go where; a time limit",
        DATA + "11_no_network",
        TESTS + "test_data.py::test_a_silent_mirror_is_not_waited_for",
    ),
    _case(
        12,
        "a mirror sends a page, 404, another or a short file",
        "the next mirror; then an error with the addresses",
        DATA + "12_wrong_mirrors",
        TESTS + "test_data.py::test_wrong_downloads_leave_nothing_behind",
        TESTS + "test_data.py::test_the_next_mirror_is_asked",
    ),
    _case(
        13,
        "a truncated or edited raw file",
        "refused by its sha256 at each start",
        DATA + "13_damaged_raw_file",
        TESTS + "test_data.py::test_damaged_files_are_refused",
    ),
    _case(
        14,
        "wrong magic number, wrong shape, labels above 9",
        "an error that names the file",
        DATA + "14_wrong_format",
        TESTS + "test_data.py::test_files_of_another_shape_are_named",
        TESTS + "test_data.py::test_labels_are_digits",
    ),
    _case(
        15,
        "two processes download at once",
        "both succeed",
        DATA + "15_downloads_at_once",
    ),
    _case(
        16,
        "a data or output folder that cannot be written",
        "an error before anything is computed",
        FILES + "16_unwritable_folders",
    ),
    _case(17, "disk full during a checkpoint", "the old one intact, exit 1, the bytes needed"),
    _case(18, "disk full during a log or picture", "a warning, and training goes on"),
    _case(19, "SIGKILL at any moment", "`resume=last` ends with the same bytes"),
    _case(20, "Ctrl-C or SIGTERM", "saved at a step boundary, exit 130 or 143"),
    _case(21, "a truncated, empty or foreign training state", "named; `last` takes the other"),
    _case(22, "a flipped bit", "refused by its sha256"),
    _case(
        23,
        "a model of the other arm, of other qubits, of a newer format",
        "refused, what differs is named",
        SAFETY + "23_foreign_models",
    ),
    _case(
        24,
        "a pickle in place of a file, `_target_` in a configuration",
        "never executed",
        SAFETY + "24_pickles_are_not_executed",
        SAFETY + "24_targets_are_not_instantiated",
    ),
    _case(25, "resume with another configuration", "the differences are listed"),
    _case(26, "a loss that is not finite", "stops at that step, with a dump"),
    _case(27, "one parameter not finite", "never saved as good"),
    _case(28, "norm drift, a channel that is not complete", "an error with its name"),
    _case(29, "gradients near zero", "a warning with the variance"),
    _case(30, "images not finite, out of range or constant", "refused by the metrics"),
    _case(
        31,
        "too few samples for FID",
        "not estimable, no number",
        REPORT + "31_too_few_samples",
    ),
    _case(
        32,
        "Inception weights absent or altered",
        "left out with a reason",
        REPORT + "32_inception_weights",
        TESTS + "test_metrics.py::test_inception_weights_are_used_only_if_intact",
    ),
    _case(
        33,
        "an arm crashed, or seeds are missing",
        "the report is made and says so, no mean over unequal seeds",
        REPORT + "33_missing_seeds",
    ),
    _case(
        34,
        "NaN or HTML in what reaches the report",
        "escaped; null in JSON",
        REPORT + "34_nan_and_html",
    ),
    _case(35, "one folder used twice, two runs at once", "a folder of its own, or a lock"),
    _case(
        36,
        "a GPU asked for and absent, GPU memory exhausted",
        "a line with what to do",
        MACHINE + "36_no_gpu",
        MACHINE + "36_out_of_memory",
    ),
    _case(
        37,
        "a last partial batch, a batch of one, an empty split",
        "works, or a clear error",
        DATA + "37_small_batches",
    ),
    _case(
        38,
        "a worker process of the loader dies",
        "there is none",
        DATA + "38_no_workers",
    ),
    _case(
        39,
        "output into a pipe, without a terminal, in a small code page",
        "no colour codes, no traceback",
        FILES + "39_pipe",
        FILES + "39_code_page",
        FILES + "39_ctrl_c",
    ),
    _case(
        40,
        "a package with an advisory in the lock",
        "`make audit` and this test fail",
        MACHINE + "40_advisories",
    ),
)
