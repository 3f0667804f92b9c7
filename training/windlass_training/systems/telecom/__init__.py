"""Which of two plans suits a customer of a telecom company."""

from windlass_training.systems import SUMMARIES
from windlass_training.systems.telecom.config import TelecomConfig
from windlass_training.systems.telecom.generate import generate
from windlass_training.systems.telecom.recipe import RECIPE
from windlass_training.tabular.classifier_system import classifier_system

SYSTEM = classifier_system(
    name="telecom",
    summary=SUMMARIES["telecom"],
    recipe=RECIPE,
    config_type=TelecomConfig,
    generate=generate,
    published={"accuracy": 0.812, "precision": 0.817, "recall": 0.497, "f1": 0.618, "auc": 0.84},
)
