"""What a used car is offered for."""

from windlass_training.systems import SUMMARIES
from windlass_training.systems.carvision.clean import clean
from windlass_training.systems.carvision.config import CarVisionConfig
from windlass_training.systems.carvision.generate import generate
from windlass_training.systems.carvision.recipe import RECIPE
from windlass_training.tabular.prepared import prepared
from windlass_training.tabular.regressor_system import regressor_system

SYSTEM = prepared(
    regressor_system(
        name="carvision",
        summary=SUMMARIES["carvision"],
        recipe=RECIPE,
        config_type=CarVisionConfig,
        generate=generate,
        published={"rmse": 4790, "mae": 2370, "r2": 0.7665, "mape": 0.276, "baseline_rmse": 10299},
    ),
    clean,
)
