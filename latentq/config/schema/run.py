"""What every run has: the root of all schemas, and the sections that they share."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from annotated_types import Ge, Le
from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from latentq.config.fields import (
    Count,
    Folder,
    Name,
    Plugins,
    Positive,
    Seed,
    Settings,
    Share,
    Text,
    mistakes_of,
)
from latentq.config.schema.data import (
    AUTO,
    CLASSES,
    DataSettings,
    features_of_data,
    no_features,
)
from latentq.config.schema.groups import images_of_all_groups
from latentq.config.schema.needs import Need, batch_need
from latentq.config.schema.values import (
    Relations,
    Values,
    defaults,
    flat,
    nested,
    relation,
    unrelated,
)
from latentq.errors import InputError


class ImageTraining(Settings):
    """The section `images`: training on images, of an autoencoder, a VAE or a classifier."""

    epochs: Count = Field(8, le=10_000, description="times through the training images")
    batch_size: Count = Field(128, le=60_000, description="images in a batch")
    iterations_per_epoch: Annotated[int, Ge(1), Le(10**6)] | None = Field(
        None, description="iterations of an epoch; default: once through the images"
    )
    lr: Positive = Field(0.003, le=1, description="largest learning rate of AdamW")
    weight_decay: Share = Field(0.0001, le=1, description="weight decay of AdamW")


class Measuring(Settings):
    """The section `metrics`."""

    split: Literal["test", "validation"] = Field(
        "test", description="the images to measure against"
    )
    samples: int = Field(
        10_000, ge=2, le=10_000, description="samples, against as many images, or all there are"
    )
    features: Folder = Field(
        AUTO, description="the classifier behind fid: that of the data, or the folder of one"
    )


class RunFolder(Settings):
    """The section `run`."""

    root: Folder = Field("runs", description="run folders are made below")
    name: Name | None = Field(
        None, description="default: MODEL-DATA-seedN or MODEL-conditional-DATA-seedN"
    )
    skip_finished: bool = Field(
        False, description="whether to do nothing where this run is finished"
    )


class ModelSettings(Settings):
    """The section `model`, of which every model has the name alone."""

    kind: Text = Field("", description="the name of the model, chosen by model=NAME")


class Networks(ModelSettings):
    """The encoder and decoder that LatentQ and its baselines share."""

    channels: Count = Field(16, le=256, description="channels after the first convolution")


class RunSettings(Settings):
    """What a run of any model can be told."""

    #: What the latents are: models of one latent space can have the same autoencoder.
    latent: ClassVar[str | None] = None
    #: Whether the class of the model takes a `seed`.
    seeded: ClassVar[bool] = True

    seed: Seed = Field(0, description="all draws are derived from it")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to train")
    threads: Count = Field(
        2, le=1024, description="CPU threads for images; results repeat for the same number"
    )
    resume: Folder | None = Field(
        None, description="last, or a run folder whose training was interrupted"
    )
    plugin: Plugins | None = Field(
        None, description="the module that registers your model, here or installed"
    )
    images: ImageTraining = ImageTraining()
    metrics: Measuring = Measuring()
    run: RunFolder = RunFolder()
    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(
        cls,
        content: Any,  # noqa: ANN401
        handler: ModelWrapValidatorHandler[Self],
        info: ValidationInfo,
    ) -> Self:
        """Tells mistakes of single values and of several together at once.

        With a context, its values and those that are given count, and no defaults.
        """
        wrong: dict[str, str] = {}
        try:
            found = handler(content)
        except ValidationError as error:
            wrong = mistakes_of(error, cls)
        if isinstance(content, dict):
            known = defaults(cls) if info.context is None else info.context
            values = {**known, **flat(cls, content)}
            if mistakes := [*wrong.values(), *unrelated(cls, values, wrong)]:
                raise InputError(*mistakes)
        return found

    @classmethod
    def argument(cls, key: str) -> str:
        """Returns which argument of the class of the model a key is, nothing if it is none.

        An argument in a dictionary has a dot, as in `prior.steps`.
        """
        section, _, name = key.rpartition(".")
        if key == "model.kind" or (key == "seed" and not cls.seeded):
            return ""
        return name if section in ("model", "prior") or key == "seed" else ""

    def arguments(self, classes: int = CLASSES) -> dict[str, Any]:
        """Returns the arguments that build the model.

        Arguments:
            classes: The number of classes of the data, which a conditional model has to know. Ten
                are the default of every model, and are not written down.
        """
        values = flat(type(self), self.model_dump())
        named = {self.argument(key): value for key, value in values.items() if self.argument(key)}
        if values.get("model.conditional") and classes != CLASSES:
            named["classes"] = classes
        return nested(named)

    def needs(self) -> Iterator[Need]:
        """Estimates the parts of a run that grow with its settings.

        An estimate counts the tensors that are kept for the gradient; that of the whole process
        is larger by what Python, torch and the images take, below 2 GiB.
        """
        if isinstance(self.model, Networks):
            yield batch_need(self.images.batch_size, self.model.channels)


@relation("data.name", "metrics.features")
def own_classifier(values: Values) -> Iterator[str]:
    """Samples are measured by a classifier, which not all data come with."""
    name, features = values["data.name"], values["metrics.features"]
    if features == AUTO and features_of_data(name) is None:
        yield no_features("metrics.features", name)


class GenerativeSettings(RunSettings):
    """What a run of a generative model can be told."""

    relations: ClassVar[Relations] = (own_classifier, images_of_all_groups)


class FeaturesSettings(RunSettings):
    """The digit classifier whose activations are the feature space of `fid`."""

    seeded: ClassVar[bool] = False

    model: Networks = Networks()
