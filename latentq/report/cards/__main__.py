"""Writes the card of every model in `checkpoints/`, and takes no options.

python -m latentq.report.cards
"""

import sys

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Settings
from latentq.errors import InputError
from latentq.paths import INSTALLED, PACKAGE
from latentq.report.cards.card import write_cards


class Options(Settings):
    """There are none."""


def cards(arguments: list[str]) -> None:
    """Writes the cards.

    Raises:
        InputError: If an option is given, or this is no checkout.
    """
    read_options(arguments, Options)
    if INSTALLED:
        raise InputError(f"cards: is for a checkout, and {PACKAGE} was installed from a wheel")
    for path in write_cards():
        print(f"card: {path}")


if __name__ == "__main__":
    sys.exit(run_command(cards, __doc__, Options))
