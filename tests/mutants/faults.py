"""All planted faults."""

from tests.mutants import (
    in_baselines,
    in_circuits,
    in_claims,
    in_experiments,
    in_hardware,
    in_identity,
    in_measures,
    in_states,
    in_surroundings,
    in_tables,
    in_training,
    in_verdicts,
)

FAULTS = [
    *in_states.FAULTS,
    *in_circuits.FAULTS,
    *in_training.FAULTS,
    *in_baselines.FAULTS,
    *in_measures.FAULTS,
    *in_tables.FAULTS,
    *in_experiments.FAULTS,
    *in_identity.FAULTS,
    *in_surroundings.FAULTS,
    *in_verdicts.FAULTS,
    *in_claims.FAULTS,
    *in_hardware.FAULTS,
]
