"""The model, and how its answers look to the clients of POST /predict."""

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from windlass_training.systems.creditrisk.config import CreditRiskConfig
from windlass_training.systems.creditrisk.features import DERIVED, FEATURES, NUMBERS, TARGET
from windlass_training.tabular.classifier import BinaryClassifier
from windlass_training.tabular.front import Front


def build(config: CreditRiskConfig) -> Pipeline:
    options = config.model.forest
    # No class weights: they would raise every probability, and it is the probability that a lender reads.
    forest = RandomForestClassifier(
        n_estimators=options.trees,
        max_depth=options.max_depth,
        min_samples_leaf=options.min_samples_leaf,
        random_state=config.seed,
    )
    columns = ColumnTransformer([("numbers", SimpleImputer(strategy="median", keep_empty_features=True), NUMBERS)])
    return Pipeline([("front", Front(FEATURES, DERIVED)), ("columns", columns), ("forest", forest)])


MODEL_NAME = {"from": "constant", "value": "random_forest_tuned"}

RESPONSE = {
    "predict": {
        "prediction": {"from": "prediction"},
        "default_probability": {"from": "probability"},
        "status": {"from": "constant", "value": "success"},
    },
    "health": {
        "status": {"from": "constant", "value": "healthy"},
        "model_loaded": {"from": "modelLoaded"},
        "model_name": MODEL_NAME,
    },
    "modelInfo": {
        "model_name": MODEL_NAME,
        "feature_count": {"from": "featureCount"},
        "timestamp": {"from": "timestamp"},
        "feature_names": {"from": "featureNames"},
    },
    "errors": "detail",
}

CARD = """\
The probability that a loan is not paid back, from what is known when it is applied for: the application, the credit
report drawn for it and the lender's offer. A random forest. Missing numbers become the median of the training rows.

Learnt from loans that ended alone: Fully Paid (0) against Charged Off or Default (1). Loans that are still paid back
have no outcome; leaving them out makes loans that ended early count for more, and the share of defaults is that of the
ended ones, not of all.

What the model may see is a list (`columns.py`), and a test fails on any other column. An AUC of .977 was published for
this data: it came from columns that are known only after the outcome, such as the last FICO range, the payments so far
and recoveries. Those are refused by name. Without them .673 was published. `int_rate` and `installment` are the
lender's own judgement of the risk: known in time, but a model that has to price loans itself may not use them.

`auc_cv` is the mean of repeated stratified cross-validation over all ended loans; `auc_cv_low` and `auc_cv_high` bound
it with 95 % confidence, corrected for folds that share their training rows (Nadeau and Bengio, 2003). The `auc` of the
one test split may lie anywhere around it: with about 600 loans its standard error is .026. So the gate on `auc` is .62:
a sound model of .70 misses it once in a thousand, one that has learnt nothing (.5) never passes. The gate on
`auc_cv` is one from above: what is known in time does not tell .85, and a model that does has seen the outcome.

Probabilities are not weighted for the rarer class, so that they can be read as shares; `prediction` is 1 from 0.2 on,
about the share of defaults: such a loan is likelier to be lost than the usual one. It is no recommendation to refuse
anybody: no fairness has been measured, and the law may want reasons that a forest does not give.

The client's side: percentages are numbers (13.5, not '13.5%'), and anything else is refused with the field's name.
`term` ('36 months') and `emp_length` ('10+ years') are texts as in the file, read inside the graph by the very nodes
that computed them for training; a text that says neither is as good as none. The 15 required numbers are refused when
missing or outside the range of the training rows; the optional ones are imputed when missing, and no size is refused.
"""

RECIPE = BinaryClassifier(
    name="CreditRisk",
    features=FEATURES,
    target=TARGET,
    labels=("fully paid", "charged off"),
    build=build,
    threshold=0.2,
    bands=(),
    response=RESPONSE,
    card=CARD,
)
