"""Which loans will not be paid back."""

from dataclasses import replace
from functools import partial

from windlass_training.systems import SUMMARIES
from windlass_training.systems.creditrisk.clean import clean
from windlass_training.systems.creditrisk.config import CreditRiskConfig
from windlass_training.systems.creditrisk.generate import generate
from windlass_training.systems.creditrisk.recipe import RECIPE
from windlass_training.systems.creditrisk.training import evaluate, train
from windlass_training.tabular.classifier_system import classifier_system
from windlass_training.tabular.prepared import prepared

CLASSIFIER = classifier_system(
    name="creditrisk",
    summary=SUMMARIES["creditrisk"],
    recipe=RECIPE,
    config_type=CreditRiskConfig,
    generate=generate,
    published={"auc_cv": 0.673},
)
SYSTEM = prepared(replace(CLASSIFIER, train=train, evaluate=partial(evaluate, CLASSIFIER)), clean)
