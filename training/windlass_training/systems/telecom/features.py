"""A month of a customer's use: the four columns that the model looks at."""

from windlass_training.tabular.features import Feature, NumericFeature

FEATURES: tuple[Feature, ...] = (
    NumericFeature("calls", "Calls in the month.", minimum=0, integer=True),
    NumericFeature("minutes", "Minutes of all calls in the month.", minimum=0, unit="min"),
    NumericFeature("messages", "Text messages in the month.", minimum=0, integer=True),
    NumericFeature("mb_used", "Mobile data in the month.", minimum=0, unit="MB"),
)
TARGET = "is_ultra"
