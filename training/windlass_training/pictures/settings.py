"""What config.toml says of a classifier of pictures."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from windlass_training.config import Section, Split, SystemConfig

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Network(Section):
    blocks: Annotated[int, Field(ge=1, le=7)]
    """Of convolution, normalization, ReLU and pooling; each halves the sides."""
    width: Annotated[int, Field(ge=1, le=256)]
    """Filters of the first block; each further one has twice as many."""
    dropout: Share

    @property
    def filters(self) -> list[int]:
        return [self.width * 2**block for block in range(self.blocks)]


class Fit(Section):
    epochs: Count
    patience: Count
    """Epochs without a smaller validation loss, after which training ends with the best epoch's weights."""
    batch: Count
    learning_rate: Annotated[float, Field(gt=0, lt=1)]


class Augmentation(Section):
    turn: bool
    """Mirror, and turn by quarters."""
    zoom: Share
    """At most so much of each side is cut off."""
    brightness: Share
    """Factor of all channels, up to so far from 1."""
    contrast: Share
    """Factor of the distance from the mean, up to so far from 1."""
    colour: Share
    """Factor of each channel by itself, up to so far from 1."""
    background: Annotated[float, Field(ge=0, le=1)]
    """How often the leaf is laid on another plain background, where one can be told from its own."""
    blur: Annotated[float, Field(ge=0, le=8)]
    """At most so many pixels, the radius of a Gaussian."""


class PictureModel(Section):
    network: Network
    fit: Fit
    augmentation: Augmentation
    search_epochs: Count
    """How long tune trains each trial: short ones rank the settings well enough."""


class PictureConfig(SystemConfig):
    model: PictureModel

    @model_validator(mode="after")
    def folders_are_the_split(self) -> Self:
        if self.split != Split():
            raise ValueError("the folders Train, Validation and Test are the split; leave [split] out")
        return self
