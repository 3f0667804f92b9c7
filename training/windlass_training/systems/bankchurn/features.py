"""The ten columns that the model looks at. RowNumber, CustomerId and Surname say who somebody is, not what they do."""

from windlass_training.tabular.features import CategoricalFeature, Feature, NumericFeature

FEATURES: tuple[Feature, ...] = (
    NumericFeature("CreditScore", "Credit score.", minimum=300, maximum=850, integer=True),
    CategoricalFeature("Geography", "Country of the account.", ("France", "Spain", "Germany")),
    CategoricalFeature("Gender", "Gender.", ("Male", "Female")),
    NumericFeature("Age", "Age.", minimum=18, maximum=100, integer=True, unit="years"),
    NumericFeature(
        "Tenure",
        "Years as a customer. May be missing: the model takes the median.",
        minimum=0,
        maximum=10,
        integer=True,
        required=False,
        unit="years",
    ),
    NumericFeature("Balance", "Account balance.", minimum=0),
    NumericFeature("NumOfProducts", "How many of the bank's products are used.", minimum=1, maximum=4, integer=True),
    NumericFeature("HasCrCard", "Has a credit card (1) or not (0).", minimum=0, maximum=1, integer=True),
    NumericFeature("IsActiveMember", "Is an active member (1) or not (0).", minimum=0, maximum=1, integer=True),
    NumericFeature("EstimatedSalary", "Estimated yearly salary.", minimum=0),
)
TARGET = "Exited"
