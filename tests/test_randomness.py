import pytest
import torch

from latentq.randomness import derive_generator, derive_seed


@pytest.mark.parametrize(
    ("seed", "purpose", "digest"),
    [  # the first 16 digits of `printf key | sha256sum`
        (0, (), "5feceb66ffc86f38"),
        (3, ("scramble", 7), "633f2ab6adffc835"),
    ],
)
def test_derive_seed_is_pinned(seed: int, purpose: tuple[str | int, ...], digest: str) -> None:
    assert derive_seed(seed, *purpose) == int(digest, 16) // 2


def test_derive_seed_tells_purposes_apart() -> None:
    purposes: list[tuple[str | int, ...]] = [(), ("a",), ("b",), ("a", 0), ("a", 1), (0, "a")]
    seeds = {derive_seed(seed, *purpose) for seed in (0, 1) for purpose in purposes}

    assert len(seeds) == 2 * len(purposes)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_derive_generator() -> None:
    before = torch.get_rng_state()
    first = torch.rand(5, generator=derive_generator(1, "a", 2))
    again = torch.rand(5, generator=derive_generator(1, "a", 2))
    other = torch.rand(5, generator=derive_generator(1, "a", 3))

    assert derive_generator(1, "a", 2).initial_seed() == derive_seed(1, "a", 2)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())
