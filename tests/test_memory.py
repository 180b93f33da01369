import pytest

from latentq.config.compose import load_config
from latentq.config.memory import check_memory, check_room
from latentq.errors import InputError


def test_what_fits_is_let_through() -> None:
    check_memory(2**31, 2.0, "qubits=4")

    with pytest.raises(InputError, match=r"^qubits=31: needs about 2.5 GiB, more than memory=2 "):
        check_memory(5 * 2**29, 2.0, "qubits=31")


def test_mixed_states_are_counted_with_all_their_vectors() -> None:
    """Without a measurement their number grows with every step: 32, and 32,768 at last."""
    check_room(load_config(["model=traced", "prior.ancillas=1"]), 2**30)
    wide = ["prior.ancillas=3"]
    check_room(load_config(["model=quantum", *wide]), 2**33)

    with pytest.raises(InputError) as error:
        check_room(load_config(["model=traced", *wide]), 2**33)
    assert [m.partition(":")[0] for m in error.value.mistakes] == [
        *("prior.steps", "denoising.start_batch_size"),
    ]
    assert "prior.ancillas=3" in error.value.mistakes[0]
