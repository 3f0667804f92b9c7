"""Which customers of a bank will leave."""

from windlass_training.system import System
from windlass_training.systems import SUMMARIES
from windlass_training.systems.bankchurn.generate import generate
from windlass_training.systems.bankchurn.recipe import RECIPE
from windlass_training.tabular.classifier import train_binary_classifier

SYSTEM = System(
    name="bankchurn",
    model_name=RECIPE.name,
    summary=SUMMARIES["bankchurn"],
    generate=generate,
    train=lambda table, seed: train_binary_classifier(RECIPE, table, seed),
    published={"f1": 0.596, "f1_weighted": 0.815, "auc": 0.857, "accuracy": 0.8045},
)
