"""The model, and how its answers look to the clients of POST /predict."""

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from windlass_training.systems.carvision.config import CarVisionConfig, Forest
from windlass_training.systems.carvision.features import CAR, DERIVED, FEATURES, TARGET
from windlass_training.tabular.front import Front
from windlass_training.tabular.regressor import Regressor

NUMBERS = ["model_year", "cylinders", "odometer", "days_listed", "vehicle_age"]
FLAGS = ["is_4wd"]
CATEGORIES = ["condition", "fuel", "transmission", "type", "paint_color", "brand"]
MODEL = ["model"]
ENCODER_FOLDS = 5


def build(config: CarVisionConfig) -> Pipeline:
    # The order is part of the model: the forest draws columns by position.
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), NUMBERS),
            # Missing is what an ad of a car without it says: the median of those that are left would be 1.
            ("flags", SimpleImputer(strategy="constant", fill_value=0), FLAGS),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
            ("model", mean_price(config.seed), MODEL),
        ]
    )
    return Pipeline(
        [
            ("front", Front(FEATURES, DERIVED)),
            ("columns", columns),
            ("forest", forest(config.model.forest, config.seed)),
        ]
    )


def mean_price(seed: int) -> TargetEncoder:
    """Each training row gets the mean price of its model in the other folds: its own price would leak."""
    folds = KFold(ENCODER_FOLDS, shuffle=True, random_state=seed)
    return TargetEncoder(target_type="continuous", cv=folds)


def forest(options: Forest, seed: int) -> RandomForestRegressor:
    return RandomForestRegressor(
        n_estimators=options.trees,
        max_depth=options.max_depth,
        min_samples_leaf=options.min_samples_leaf,
        max_features=options.max_features,
        random_state=seed,
        n_jobs=-1,
    )


RESPONSE = {
    "predict": {"prediction": {"from": "value"}},
    "health": {"status": {"from": "constant", "value": "ok"}},
    "errors": "detail",
}

CARD = """\
What a used car is offered for, in dollars, from what an ad says of it: asking prices of 2018 and 2019 in the United
States, not what was paid. A random forest. The year of `date_posted` minus `model_year` (`vehicle_age`) and the first
word of `model` (`brand`) are computed inside the graph, by the very nodes that computed them for training; a date that
is no M/D/YYYY and an empty model are as good as missing, and no text fails a request. Missing numbers become the median
of the training rows, a missing `is_4wd` 0; categories are one-hot encoded, and the model becomes the mean price of its
ads. A word that training has not seen counts as none.

Learnt from: ads with 1,000 < price < 500,000, a model year from 1990 on and 0 < odometer < 500,000. Predictions for
other cars mean nothing. The features and the hyperparameters were chosen by the validation split's error alone; the
model was then fitted on the training and the validation rows. The test split decided nothing.

The same car is often posted again, with another date alone. So part of the test split was seen in training, and `rmse`
flatters; `rmse_unseen` is that of the cars that were not (`unseen_share` of the test rows). A handful of very high
prices (a mistyped 189,000 for a truck) make most of the RMSE: `mae` tells more of a usual ad.
"""

RECIPE = Regressor(
    name="CarVision",
    features=FEATURES,
    target=TARGET,
    build=build,
    response=RESPONSE,
    card=CARD,
    unit="$",
    identity=CAR,
)
