import pytest

from latentq.errors import InputError
from latentq.memory import check_memory


def test_what_fits_is_let_through() -> None:
    check_memory(2**31, 2.0, "qubits=4")

    with pytest.raises(InputError, match=r"^qubits=31: needs about 2.5 GiB, more than memory=2 "):
        check_memory(5 * 2**29, 2.0, "qubits=31")
