"""The runs of what evaluate and tune wrote."""

from windlass_training.bundle import CARD
from windlass_training.config import parameters
from windlass_training.evaluate import Evaluated
from windlass_training.registry.connection import Registry
from windlass_training.registry.run import DATA_TAG, MANIFEST_TAG, RunRecord, bundle_record, log_run
from windlass_training.tune import BEST, TABLE, Tuned

EVALUATED_TAG = "windlass.evaluated-manifest-sha256"
"""Not MANIFEST_TAG: a registered version belongs to the run of its training."""


def log_evaluated(registry: Registry, evaluated: Evaluated) -> str:
    """Logs what was measured, the card and the pictures, beside the run of the training; gives the run's id."""
    bundle, evaluation = evaluated.bundle, evaluated.evaluation
    trained = bundle_record(bundle.folder, bundle.manifest, {}, evaluation.pictures)
    tags = {key: value for key, value in trained.tags.items() if key not in (MANIFEST_TAG, DATA_TAG)}
    failed = [check.name for check in evaluation.checks if not check.passes]
    record = RunRecord(
        experiment=trained.experiment,
        name=f"evaluate {trained.name}",
        parameters={"rows": evaluation.rows, "measured_on": evaluated.what},
        metrics=evaluation.metrics,
        tags={
            **tags,
            EVALUATED_TAG: trained.tags[MANIFEST_TAG],
            DATA_TAG: evaluated.data_sha256,
            "windlass.checks": f"failed: {'; '.join(failed)}" if failed else "passed",
        },
        texts={CARD: (evaluated.folder / CARD).read_text(encoding="utf-8")},
        pictures=evaluation.pictures,
    )
    return told(registry, record)


def log_tuned(registry: Registry, tuned: Tuned) -> str:
    """Logs the best trial's config and metrics, with best.toml and the table of all trials; gives the run's id."""
    source = tuned.source
    record = RunRecord(
        experiment=tuned.system.model_name,
        name=f"tune {tuned.system.model_name}",
        parameters={**parameters(tuned.config), "trials": len(tuned.trials), "data.generated": source.generated},
        metrics=tuned.best.metrics,
        tags={DATA_TAG: source.sha256, "windlass.measured-on": f"{tuned.config.search.folds} folds"},
        texts={name: (tuned.folder / name).read_text(encoding="utf-8") for name in (BEST, TABLE)},
        pictures={},
    )
    return told(registry, record)


def told(registry: Registry, record: RunRecord) -> str:
    run_id = log_run(registry, record)
    print(f"logged run {run_id} of the experiment {record.experiment} at {registry.host}")
    return run_id
