"""What pyproject.toml cannot say: a wheel has the trained models of `checkpoints/` inside.

They lie in the package `latentq` there, where :mod:`latentq.paths` finds them.
"""

from setuptools import find_namespace_packages, setup

MODELS = ["", *(f".{name}" for name in find_namespace_packages("checkpoints"))]

setup(
    packages=[
        *find_namespace_packages(include=["latentq*", "baselines*"], exclude=["*.__pycache__"]),
        *(f"latentq.checkpoints{name}" for name in MODELS),
    ],
    package_dir={"latentq.checkpoints": "checkpoints"},
)
