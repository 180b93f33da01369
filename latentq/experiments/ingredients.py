"""What the rows of the ablation change: in words, and as overrides of the configuration."""

from dataclasses import dataclass

FIRST = (
    *("prior.ancillas=1", "prior.layers=86", "prior.init_scale=3.1416"),
    *("prior.terminal_strength=1.5", "prior.spread=0"),
    *("denoising.cells=true", "denoising.single_steps=true", "denoising.intermediate_weight=0.05"),
    *("denoising.start_batch_size=1024", "denoising.target_batch_size=512", "denoising.lr=0.03"),
    "denoising.epochs=10",
)
SECOND = (
    *("prior.ancillas=[3,1]", "prior.layers=[274,12]", "prior.init_scale=[3.1416,0.5]"),
    *("prior.terminal_strength=0.25", "prior.spread=0.35"),
    *("denoising.cells=false", "denoising.single_steps=false"),
    "denoising.intermediate_weight=0",
    *("denoising.start_batch_size=2048", "denoising.target_batch_size=2048", "denoising.lr=0.02"),
    "denoising.epochs=8",
)
# Exact transport without cells is of all states at once and takes a multiple of the time.
NO_CELLS = (
    "denoising.cells=false",
    "denoising.start_batch_size=256",
    "denoising.target_batch_size=256",
)


@dataclass(frozen=True)
class Row:
    """What a row changes: in words, and as overrides of the configuration of a recipe."""

    what: str
    overrides: tuple[str, ...] = ()
    recipe: tuple[str, ...] = FIRST


ROWS = {
    "reference": Row("the reference"),
    "mmdk": Row("loss: MMD with the ladder of kernels", ("loss=mmdk",)),
    "nocells": Row("no cells", NO_CELLS),
    "init": Row("initial angles within 1/L", ("prior.init_scale=0.0116",)),
    "sampled": Row("published gradient, without probabilities", ("outcomes=sampled",)),
    "last": Row("trained on the last output only", ("denoising.intermediate_weight=0",)),
    "product": Row("no entangling gates", ("prior.entangled=false",)),
    "haar": Row("terminal ensemble: Haar (no cells)", ("prior.terminal=haar", *NO_CELLS)),
    "ancillas2": Row("two ancillas, 72 layers", ("prior.ancillas=2", "prior.layers=72")),
    "small": Row(
        "45, 25, 15, 10 and 5 layers, U_0 first, narrow start",
        ("prior.layers=[45,25,15,10,5]", "prior.terminal_strength=0.8"),
    ),
    "layers2": Row("2 layers", ("prior.layers=2",)),
    "layers4": Row("4 layers", ("prior.layers=4",)),
    "layers14": Row("14 layers", ("prior.layers=14",)),
    "layers20": Row("20 layers", ("prior.layers=20",)),
    "layers28": Row("28 layers", ("prior.layers=28",)),
    "layers57": Row("57 layers", ("prior.layers=57",)),
    "second": Row("second recipe, 800 iterations", recipe=SECOND),
    "second-bare": Row("without spread", ("prior.spread=0",), SECOND),
    "second-even": Row(
        "1 ancilla and 86 layers in every step",
        ("prior.ancillas=1", "prior.layers=86", "prior.init_scale=3.1416"),
        SECOND,
    ),
    "second-three": Row(
        "3 ancillas in every step", ("prior.ancillas=3", "prior.layers=[274,8]"), SECOND
    ),
    "second-wide": Row("wide start", ("prior.terminal_strength=1.5",), SECOND),
    "second-cells": Row("16 cells", ("denoising.cells=true",), SECOND),
    "second-sampled": Row("no score weights", ("outcomes=sampled",), SECOND),
    "second-small": Row("998 parameters", ("prior.layers=[57,5]",), SECOND),
    "second-32": Row(
        "3 ancillas in the last step, 2 in the others",
        ("prior.ancillas=[3,2]", "prior.layers=[274,10]"),
        SECOND,
    ),
    "second-21": Row(
        "2 ancillas in the last step",
        ("prior.ancillas=[2,1]", "prior.layers=[319,12]"),
        SECOND,
    ),
    "second-331": Row(
        "3 ancillas and equally many angles in the last two steps",
        (
            "prior.ancillas=[3,3,1]",
            "prior.layers=[140,140,13]",
            "prior.init_scale=[3.1416,3.1416,0.5]",
        ),
        SECOND,
    ),
    "second-mirrored": Row(
        "most angles and 3 ancillas in U_4, the first to act",
        (
            "prior.ancillas=[1,1,1,1,3]",
            "prior.layers=[12,12,12,12,274]",
            "prior.init_scale=[0.5,0.5,0.5,0.5,3.1416]",
        ),
        SECOND,
    ),
    "second-one": Row(
        "one step instead of five",
        ("prior.steps=1", "prior.ancillas=3", "prior.layers=308", "prior.init_scale=3.1416"),
        SECOND,
    ),
    "second-product": Row(
        "terminal ensemble: product states", ("prior.terminal=product",), SECOND
    ),
    "second-haar": Row("terminal ensemble: Haar", ("prior.terminal=haar",), SECOND),
    "second-1024": Row(
        "1,024 states on either side",
        ("denoising.start_batch_size=1024", "denoising.target_batch_size=1024"),
        SECOND,
    ),
    "second-4096": Row(
        "4,096 states on either side",
        ("denoising.start_batch_size=4096", "denoising.target_batch_size=4096"),
        SECOND,
    ),
    "second-axes": Row(
        "layers of RZ RY RZ",
        ("prior.axes=[rz,ry,rz]", "prior.layers=[182,8]"),
        SECOND,
    ),
    "second-init": Row("initial angles within 0.5", ("prior.init_scale=0.5",), SECOND),
    "second-all": Row(
        "trained on the intermediate ensembles too",
        ("denoising.intermediate_weight=0.05",),
        SECOND,
    ),
    "second-alone": Row(
        "every step trained alone before", ("denoising.single_steps=true",), SECOND
    ),
    "second-long": Row("1,600 iterations", ("denoising.epochs=16",), SECOND),
    "second-mmdk": Row("loss: MMD with the ladder of kernels", ("loss=mmdk",), SECOND),
    "second-rotations": Row("no entangling gates", ("prior.entangled=false",), SECOND),
}
