"""What an ad says of a car, and what the graph makes of it."""

from windlass_training.tabular.derived import Derived, difference, first_word, year_of_date
from windlass_training.tabular.features import Feature, NumericFeature, TextFeature, names

OLDEST_YEAR = 1990
NEWEST_YEAR = 2030
MOST_MILES = 500_000

# The original asked for the year and the model alone, and took any word for the others: so do these.
FEATURES: tuple[Feature, ...] = (
    NumericFeature("model_year", "Year of the model.", minimum=OLDEST_YEAR, maximum=NEWEST_YEAR, integer=True),
    TextFeature("model", "Make and model, such as 'ford f-150'; the first word is the brand."),
    TextFeature("condition", "new, like new, excellent, good, fair or salvage.", required=False),
    NumericFeature("cylinders", "Cylinders of the engine.", minimum=0, maximum=16, integer=True, required=False),
    TextFeature("fuel", "gas, diesel, hybrid, electric or other.", required=False),
    NumericFeature("odometer", "Miles driven.", minimum=0, maximum=1_000_000, required=False, unit="mi"),
    TextFeature("transmission", "automatic, manual or other.", required=False),
    TextFeature("type", "Body: SUV, truck, sedan, pickup, coupe, wagon, ...", required=False),
    TextFeature("paint_color", "Colour of the paint.", required=False),
    NumericFeature(
        "is_4wd",
        "Has four-wheel drive (1). Ads of other cars leave it out.",
        minimum=0,
        maximum=1,
        integer=True,
        required=False,
    ),
    TextFeature("date_posted", "Day of the ad, M/D/YYYY. The model reads the year.", required=False, bins=0),
    NumericFeature("days_listed", "Days that the ad was listed.", minimum=0, integer=True, required=False, unit="days"),
)
TARGET = "price"

DERIVED: tuple[Derived, ...] = (
    year_of_date("year_posted", "date_posted"),
    difference("vehicle_age", "year_posted", "model_year"),
    first_word("brand", "model"),
)

# Equal in these, two ads are one car posted twice.
CAR = tuple(name for name in names(FEATURES) if name not in ("date_posted", "days_listed"))
