"""The structure itself: who imports whom, and what the project never does."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    p for d in ("latentq", "baselines", "data") for p in sorted((ROOT / d).rglob("*.py"))
] + [ROOT / "train.py"]
# From the bottom up: a module imports only modules of layers below its own.
LAYERS = [
    ["errors"],
    [
        *("stopping", "randomness", "states", "neighbours", "frechet", "batches"),
        *("alone", "backend", "commit", "locks", "output", "rules", "words"),
    ],
    ["encoding", "native", "circuits", "entanglement", "relations", "versions"],
    ["arguments", "files", "vectors"],
    ["storage", "transport"],
    ["kernels", "networks", "commands", "cells", "config", "wigner", "memory", "targets"],
    ["checkpoints"],
    ["fused", "mmd", "compose", "costs"],
    ["scrambling"],
    ["otoc", "curriculum", "plateaus"],
    ["diffusion", "features", "runs"],
    ["generative", "plots", "run"],
    ["model", "logs", "guards"],
    ["metrics", "training", "callbacks"],
    ["diversity"],
    ["evaluation"],
    ["stages", "summary"],
    ["borrowed"],
    ["workflow"],
    ["report", "sample", "doctor", "publish"],
    ["audit"],
    ["experiments", "study"],
]
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_flow_one_way(path: Path) -> None:
    place = path.relative_to(ROOT).with_suffix("").parts
    own = place[1] if place[0] == "latentq" else ""
    for name in imports(path):
        other = name.removeprefix("latentq.").split(".")[0]
        assert not (own and name.startswith("baselines")), f"{path} imports {name}"
        if own in LEVEL and name.startswith("latentq.") and other in LEVEL and other != own:
            assert LEVEL[other] < LEVEL[own], f"{own} imports {other}"


@pytest.mark.parametrize(
    ("package", "places"),
    [
        ("torchquantum", {"circuits.py"}),
        ("matplotlib", {"plots"}),
        ("numba", {"native"}),
    ],
)
def test_heavy_packages_have_one_place(package: str, places: set[str]) -> None:
    users = {
        path.relative_to(ROOT / "latentq").parts[0]
        for path in SOURCES
        if any(name.split(".")[0] == package for name in imports(path))
    }

    assert users == places


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
        for node in ast.walk(ast.parse(path.read_text()))
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


@pytest.mark.parametrize("module", ["latentq.config.compose", "latentq.doctor", "latentq.report"])
def test_light_paths_do_not_import_torchquantum(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torchquantum' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_wrong_option_is_answered_without_torch() -> None:
    code = (
        "import sys, train; sys.argv = ['train.py', 'seed=x']; code = train.main();"
        "sys.exit(0 if code == 2 and 'pytorch_lightning' not in sys.modules else 1)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
