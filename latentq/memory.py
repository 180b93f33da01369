"""What a computation will take is estimated, and refused, before it is taken."""

from latentq.errors import InputError

GIB = 2**30


def check_memory(need: int, limit: float, option: str) -> None:
    """Refuses what does not fit into memory.

    Arguments:
        need: The estimate in bytes.
        limit: What may be taken in GiB: the option `memory` of a command.
        option: The option that the estimate follows from, with its value, as `qubits=30`.

    Raises:
        InputError: If the estimate is above the limit.
    """
    if need > limit * GIB:
        raise InputError(
            f"{option}: needs about {need / GIB:,.1f} GiB, more than memory={limit:g} GiB; "
            "take less, or give more memory"
        )
