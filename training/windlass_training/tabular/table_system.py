"""The hooks that all systems over a CSV table share."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from windlass_training.config import SystemConfig
from windlass_training.files import file_digest
from windlass_training.system import DataReport, Evaluation, Json, StoredBundle, System, TrainedModel
from windlass_training.tabular.csv import read_csv, write_csv
from windlass_training.tabular.features import Feature
from windlass_training.tabular.observed import lenient_rows, observe
from windlass_training.tabular.reference import feature_bins


def table_system(
    *,
    name: str,
    model_name: str,
    summary: str,
    config_type: type[SystemConfig],
    features: Sequence[Feature],
    generate: Callable[[int, int], pd.DataFrame],
    train: Callable[[pd.DataFrame, Any], TrainedModel],
    cross_validate: Callable[[pd.DataFrame, Any, int], Sequence[Mapping[str, float]]],
    evaluate: Callable[[StoredBundle, pd.DataFrame, Any, bool], Evaluation],
    validate: Callable[[pd.DataFrame, Any], DataReport],
    predict: Callable[[StoredBundle, pd.DataFrame], np.ndarray],
    published: Mapping[str, float],
) -> System[pd.DataFrame]:
    """`features` are the columns that the graph takes: what drift is measured on."""

    def reference(table: pd.DataFrame) -> dict[str, Json]:
        rows = lenient_rows(table, features)
        return {feature.name: feature_bins(feature, rows[feature.name]) for feature in features}

    return System(
        name=name,
        model_name=model_name,
        summary=summary,
        config_type=config_type,
        read=partial(read_csv, texts=frozenset(feature.name for feature in features if feature.kind != "numeric")),
        digest=file_digest,
        size=len,
        generate=generate,
        write=write_csv,
        train=train,
        cross_validate=cross_validate,
        evaluate=evaluate,
        validate=validate,
        observe=lambda table: observe(table, features),
        reference=reference,
        predict=predict,
        published=published,
    )
