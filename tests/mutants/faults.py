"""All planted faults."""

from tests.mutants import (
    in_baselines,
    in_circuits,
    in_experiments,
    in_measures,
    in_states,
    in_tables,
    in_training,
)

FAULTS = [
    *in_states.FAULTS,
    *in_circuits.FAULTS,
    *in_training.FAULTS,
    *in_baselines.FAULTS,
    *in_measures.FAULTS,
    *in_tables.FAULTS,
    *in_experiments.FAULTS,
]
