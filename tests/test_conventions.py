"""The structure itself: who imports whom, and what the project never does."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [p for d in ("latentq", "baselines") for p in sorted((ROOT / d).rglob("*.py"))] + [
    ROOT / "train.py"
]
# A module imports from its own line and from those above it. The first line is open to all.
ROOMS = [
    ["errors", "paths", "randomness"],
    ["config"],
    ["engine"],
    ["quantum"],
    ["diffusion"],
    ["models"],
    ["data"],
    ["evaluation"],
    ["report"],
    ["training"],
    ["study"],
    ["experiments"],
    ["sample"],
    ["__main__"],
]
LEVEL = {room: level for level, line in enumerate(ROOMS) for room in line}


@cache
def nodes(path: Path) -> list[ast.AST]:
    return [*ast.walk(ast.parse(path.read_text()))]


@cache
def imports(path: Path) -> set[str]:
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def test_rooms_import_only_from_rooms_above() -> None:
    found = []
    for path in SOURCES:
        own = module_of(path).split(".")
        for name in imports(path):
            other = name.split(".")
            if own[0] != "latentq" or len(own) < 2 or other[0] not in ("latentq", "baselines"):
                continue
            assert own[1] in LEVEL, f"{path} is in no room"
            if other[0] == "baselines" or LEVEL.get((*other, "")[1], 0) > LEVEL[own[1]]:
                found.append(f"{module_of(path)} imports {name}")
    assert found == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    modules = {module_of(path): path for path in SOURCES}
    graph = {}
    for module, path in modules.items():
        names = {n if n in modules else n.rpartition(".")[0] for n in imports(path)}
        graph[module] = (names & modules.keys()) - {module}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    ("package", "place"),
    [
        ("torchquantum", "latentq.engine.torchquantum"),
        ("matplotlib", "latentq.report.plots"),
        ("pandas", "latentq.report.tables"),
        ("numba", "latentq.engine.native"),
        ("qiskit", "latentq.engine.qiskit"),
        ("qiskit_aer", "latentq.engine.qiskit"),
        ("huggingface_hub", "latentq.models.hub"),
    ],
)
def test_heavy_packages_have_one_place(package: str, place: str) -> None:
    users = {
        module_of(path)
        for path in SOURCES
        if any(name.split(".")[0] == package for name in imports(path))
    }

    assert users and all(f"{user}.".startswith(f"{place}.") for user in users)


def test_no_two_classes_share_a_name_with_one_of_the_reports() -> None:
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module_of(path))
    del places["Options"]  # Those of a command, whichever it is.
    reports = ("latentq.report", "latentq.study", "latentq.experiments.record")
    found = {
        name: where
        for name, where in places.items()
        if len(where) > 1 and any(f"{m}.".startswith(f"{r}.") for m in where for r in reports)
    }

    assert len(places) > 100 and found == {}


def test_a_colour_is_named_in_the_palette_alone() -> None:
    sources = [*SOURCES, *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "latentq").rglob("*.j2")]
    users = {path for path in sources if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text())}

    assert users == {ROOT / "latentq" / "report" / "plots" / "palette.py"}


def test_tables_are_written_in_one_place() -> None:
    sources = [*SOURCES, *(ROOT / "benchmarks").rglob("*.py")]
    writes = re.compile(r"csv\.(Dict)?[wW]riter|\|---\||to_csv|to_html|to_markdown|[\"']\| ")
    users = {path for path in sources if writes.search(path.read_text())}

    # The log of a run grows a row at a time.
    assert users <= {ROOT / "latentq" / p for p in ("report/tables.py", "training/logs.py")}
    assert ROOT / "latentq" / "report" / "tables.py" in users


def test_no_module_draws_from_a_global_generator() -> None:
    banned = ("np.random.", "random.seed(", "torch.rand(", "torch.randn(", "torch.randint(")
    for path in SOURCES:
        for line in path.read_text().splitlines():
            for word in banned:
                # A call that is spread over lines names its generator on one of the next.
                if word in line and line.rstrip().endswith(")"):
                    assert "generator" in line, f"{path}: {line.strip()}"


FORBIDDEN = {
    r"weights_only\s*=\s*False": "weights_only=False",
    r"\b(import|from)\s+(pickle|cPickle|dill|cloudpickle|joblib|shelve|marshal)\b": "a pickle",
    r"allow_pickle\s*=\s*True": "numpy's pickles",
    r"\byaml\.(load|unsafe_load|full_load)\(": "yaml that makes objects",
    r"(?<![\w.])(eval|exec)\(": "eval or exec",
    r"hydra\.utils|\binstantiate\(": "instantiation from a configuration",
    r"shell\s*=\s*True|os\.system\(|os\.popen\(": "a shell",
    r"\bmktemp\(": "a temporary name that others may take",
}


def test_nothing_that_is_read_can_run_code() -> None:
    for path in SOURCES:
        text = path.read_text()
        for pattern, what in FORBIDDEN.items():
            found = re.search(pattern, text)
            assert not found, f"{path}: {what}: {found and found[0]}"


def test_torch_loads_weights_only() -> None:
    loads = [
        (path, node)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"
    ]

    assert loads
    for path, call in loads:
        assert "weights_only=True" in ast.unparse(call), path


def test_html_is_escaped() -> None:
    makers = [path for path in SOURCES if "jinja2.Environment(" in path.read_text()]

    for path in makers:
        text = path.read_text()
        html = "html" in path.stem or '.html.j2"' in text
        assert "autoescape=True" in text or not html, path
    assert makers


def test_every_module_is_of_a_readable_size() -> None:
    for path in SOURCES:
        assert path.read_text().count("\n") <= 310, path


LIGHT = ["latentq.config.compose", "latentq.training.doctor", "latentq.report"]


@pytest.mark.parametrize("module", LIGHT)
def test_light_paths_do_not_import_torchquantum(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torchquantum' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_wrong_option_is_answered_without_torch() -> None:
    code = (
        "import sys, train; sys.argv = ['train.py', 'seed=x']; code = train.main();"
        "sys.exit(0 if code == 2 and 'pytorch_lightning' not in sys.modules else 1)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
