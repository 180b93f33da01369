import pytest

from latentq.evaluation import show


def test_rows_are_printed_one_to_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show({"fid": 1.23456, "kid": None, "class_counts": [3, 4], "memorisation": {"closer": 0.01}})

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["fid", "1.2346"],
        ["kid", "None"],
        ["class_counts", "[3, 4]"],
        ["memorisation.closer", "0.0100"],
    ]
