"""What a run of each kind of model can be told: sections with types, ranges, defaults, relations.

A kind has one schema, a subclass of :class:`~latentq.config.schema.run.RunSettings`:

    class Codebook(StateSettings):
        prior: CodebookPrior = CodebookPrior()

It lists the keys for `--help`, checks a configuration, tells which arguments build the model, and
how much memory a run takes. Nothing here imports torch.
"""
