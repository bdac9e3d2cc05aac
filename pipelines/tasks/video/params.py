"""The block `video`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.params import blocks
from pipelines.params.blocks import Block, Count, Different, FaultError, Frozen, Limit, Model, Shares, Units

TARGET = "label"
"""The only target."""
Pretrained = Literal["efficientnet_lite0", "resnet50"]
STAGES = {"efficientnet_lite0": 7, "resnet50": 5}
"""Network -> how many stages it has; each halves the picture's side, or keeps it."""


class VideoCollect(blocks.Collect):
    """Where clips come from, and the pretrained network that makes features of their frames."""

    clips: int = Field(ge=10, le=100_000)
    """Of each class of the sample."""
    network: Pretrained
    """Its weights of ImageNet are fetched here: no later stage needs the network."""
    weights_file: str | None = None
    """Of `resnet50`: a file of weights (`.weights.h5`, as Keras names it, or `.h5`) in place of Keras's own download."""

    @model_validator(mode="after")
    def _file_of_resnet(self) -> Self:
        if self.weights_file and self.network != "resnet50":
            raise FaultError(("weights_file",), "is read for resnet50 alone; leave it out, or choose that network")
        return self


class VideoPrepare(Shares):
    """Clips as frames, and frames as features. The shares hold where the data do not say themselves which clip belongs to which part."""

    frames: int = Field(gt=1, le=256)
    """Of a clip, spread evenly over its time."""
    side: dict[Pretrained, Annotated[int, Field(ge=32, le=512)]]
    """Pixels of the width and height in which each pretrained network sees a frame; frames are stretched to a square."""
    stage: dict[Pretrained, Annotated[int, Field(ge=1, le=7)]]
    """Which stage's output the features are: a late one tells better what there is, an early one where it is."""
    grid: int = Field(ge=1, le=8)
    """Features are averaged in grid × grid cells of the frame. 1 is global average pooling: it tells what there is, but not where."""
    components: Units
    """Principal components of these averages, fitted on the training part: the features that networks and baselines read."""
    stored_side: int = Field(ge=8, le=224)
    """Pixels of the width and height of the frames that are kept for networks with a CNN of their own."""
    background: str = Field(pattern="^#[0-9a-f]{6}$")
    """The colour behind transparent pictures."""

    @model_validator(mode="after")
    def _has_stages(self) -> Self:
        for option in ("side", "stage"):
            if missing := STAGES.keys() - getattr(self, option).keys():
                raise FaultError((option, min(missing)), "is missing; add it")
        for network, stage in self.stage.items():
            if stage > STAGES[network]:
                raise FaultError(("stage", network), f"{stage}: the network has {STAGES[network]} stages")
        return self


class Validate(Frozen):
    """Limits of the suite."""

    min_clips: Limit
    """Of each part."""
    min_class: Limit
    """Clips of the smallest class in training."""


class Baselines(Frozen):
    """Logistic regression without a recurrent network."""

    inverse_regularisation: Different[Annotated[float, Field(gt=0, le=1e6)]]
    """C; the best on the validation part is kept."""


class VideoModel(Model):
    """Recurrent layers over the frames' features, or over those of a small CNN that is trained with them."""

    changes: bool
    """Whether the layers read, beside the features of a frame, how they differ from those of the frame before."""
    cnn: Annotated[tuple[Units, ...], Field(max_length=5)] = ()
    """Channels of the CNN's convolutions, each with stride 2; none: the pretrained network's features are read."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if any(options.bidirectional for options in self.recurrent):
            why = "a bidirectional layer cannot say what it knows before the clip has ended; set bidirectional to false"
            raise FaultError(("recurrent",), why)
        return self


class VideoTrain(blocks.Train):
    """How the networks are fitted."""

    TARGETS = (TARGET,)


class VideoEvaluate(blocks.Evaluate):
    """The explanations' sizes."""

    shown: Annotated[Count, Field(le=50)]
    """Test clips that play in a model's page."""


class Params(Block):
    """The block `video`."""

    collect: VideoCollect
    prepare: VideoPrepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, VideoModel]
    train: VideoTrain
    evaluate: VideoEvaluate
