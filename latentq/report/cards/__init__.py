"""Model cards: what a trained model is for, what it learned from, how good it is, its limits.

    python -m latentq.report.cards          # writes that of every model in `checkpoints/`

A card is a `README.md` beside the weights, with a head that the Hugging Face Hub reads. It is read
off `config.json`, `metrics.json` and the published study; no number in it is typed.
"""

from latentq.report.cards.card import card_of, write_card, write_cards

__all__ = ["card_of", "write_card", "write_cards"]
