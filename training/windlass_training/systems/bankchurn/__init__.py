"""Which customers of a bank will leave."""

from windlass_training.systems import SUMMARIES
from windlass_training.systems.bankchurn.config import BankChurnConfig
from windlass_training.systems.bankchurn.generate import generate
from windlass_training.systems.bankchurn.recipe import RECIPE
from windlass_training.tabular.classifier_system import classifier_system

SYSTEM = classifier_system(
    name="bankchurn",
    summary=SUMMARIES["bankchurn"],
    recipe=RECIPE,
    config_type=BankChurnConfig,
    generate=generate,
    published={"f1": 0.596, "f1_weighted": 0.815, "auc": 0.857, "accuracy": 0.8045},
)
