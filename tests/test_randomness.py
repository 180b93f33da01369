import pytest
import torch

from latentq.randomness import derive_generator, derive_seed


@pytest.mark.parametrize(
    ("key", "digest"),
    [  # the first 16 digits of `printf key | sha256sum`
        ((0,), "5feceb66ffc86f38"),
        ((3, "scramble", 7), "633f2ab6adffc835"),
    ],
)
def test_derive_seed_is_pinned(key: tuple[int | str, ...], digest: str) -> None:
    seed, *purpose = key

    assert derive_seed(int(seed), *purpose) == int(digest, 16) // 2


def test_derive_seed_tells_purposes_apart() -> None:
    keys = [(0,), (1,), (0, "a"), (0, "b"), (0, "a", 0), (0, "a", 1), (0, 1, "a"), (1, "a", 0)]
    seeds = {derive_seed(*key) for key in keys}

    assert len(seeds) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_derive_generator() -> None:
    before = torch.get_rng_state()
    first = torch.rand(5, generator=derive_generator(1, "a", 2))
    again = torch.rand(5, generator=derive_generator(1, "a", 2))
    other = torch.rand(5, generator=derive_generator(1, "a", 3))

    assert derive_generator(1, "a", 2).initial_seed() == derive_seed(1, "a", 2)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())
