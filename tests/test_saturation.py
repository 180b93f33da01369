import math

import numpy as np
import pytest

from latentq.experiments.saturation import crossing, crossing_interval, first_above, slope


def test_crossing() -> None:
    assert crossing(np.array([0.0, 0.5, 0.8, 1.0]), 0.9) == pytest.approx(2.5)
    assert crossing(np.array([0.0, 1.0, 0.5, 1.0]), 0.9) == pytest.approx(0.9)
    assert crossing(np.array([1.0, 0.0]), 0.9) == 0
    assert math.isnan(crossing(np.array([0.0, 0.9]), 0.9))


def test_saturation_is_the_first_place_above() -> None:
    assert first_above(np.array([0, 0.5, 0.95, 0.9, 1]), 0.9) == 2
    assert first_above(np.array([0.0, 0.95, 0.2]), 0.9) == 1
    assert first_above(np.array([0, 0.9]), 0.9) is None


def test_crossing_interval() -> None:
    """Half of the curves jump at 1, half at 3: means of 40 of them pass 0.9 at 2.8 alone."""
    early, late = [0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]
    low, high = crossing_interval(np.array([early] * 20 + [late] * 20), 0)
    alone = crossing_interval(np.array([early] * 3), 0)

    # A share p of early curves passes at 2 + (0.9 - p) / (1 - p); p is 0.5 within 0.08.
    assert 2.7 < low < 2.8 < high < 2.87
    assert alone == pytest.approx((0.9, 0.9))


def test_slope_is_that_of_least_squares() -> None:
    """Residuals 1, -2, 1 about 2 n: their square sum 6 over one degree of freedom and 8."""
    found = slope({2: 5.0, 4: 6.0, 6: 13.0})
    assert found is not None

    assert found.mean == pytest.approx(2.0)
    half = 12.706 * math.sqrt(6 / 8)
    assert found.ends == pytest.approx((2 - half, 2 + half), rel=1e-3)
    assert slope({2: 5.0, 4: 6.0, 6: math.nan}) is None
