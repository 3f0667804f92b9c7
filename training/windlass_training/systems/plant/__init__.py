"""Which disease a leaf has."""

from windlass_training.pictures.picture_system import picture_system
from windlass_training.pictures.settings import PictureConfig
from windlass_training.systems import SUMMARIES
from windlass_training.systems.plant.generate import generate
from windlass_training.systems.plant.recipe import RECIPE

SYSTEM = picture_system(
    name="plant",
    summary=SUMMARIES["plant"],
    recipe=RECIPE,
    config_type=PictureConfig,
    generate=generate,
    published={},
)
