"""What a card says of data sets beside their names: who made them, and under which licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Credit:
    """A data set.

    Arguments:
        shows: What its images show.
        made: Who made it.
        licence: Its licence.
        hub: Its name on the Hugging Face Hub, where it is there.
    """

    shows: str
    made: str
    licence: str
    hub: str | None = None


DIGITS = "handwritten digits"
CREDITS = {
    "mnist": Credit(DIGITS, "LeCun, Cortes and Burges", "CC BY-SA 3.0", "ylecun/mnist"),
    "fashion": Credit("clothes", "Zalando Research", "MIT", "zalando-datasets/fashion_mnist"),
    "kmnist": Credit("cursive Japanese characters", "CODH", "CC BY-SA 4.0"),
    "digits": Credit(f"{DIGITS} of 8x8 pixels", "Alpaydin and Kaynak", "CC BY 4.0"),
}
OWN = Credit("images of a folder", "the user", "not known")


def credit_of(name: str) -> Credit:
    """Returns what is known of a data set; own images have no name that says more."""
    return CREDITS.get(name, OWN)
