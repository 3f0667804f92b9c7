"""The run of what train wrote."""

from windlass_training.bundle import open_bundle
from windlass_training.config import parameters
from windlass_training.registry.connection import Registry
from windlass_training.registry.run import bundle_record, log_run
from windlass_training.train import DataRequest, Trained, read_data


def log_trained(registry: Registry, trained: Trained, data: DataRequest) -> str:
    """Logs the config, the metrics, the card and the pictures of the test split; gives the run's id."""
    bundle = open_bundle(trained.folder)
    content, source = read_data(trained.system, data)
    evaluation = trained.system.evaluate(bundle, content, trained.config, False)
    shaping = {**parameters(trained.config), "rows": trained.model.rows, "data.generated": source.generated}
    record = bundle_record(trained.folder, bundle.manifest, shaping, evaluation.pictures)
    run_id = log_run(registry, record)
    print(f"logged run {run_id} of the experiment {record.experiment} at {registry.host}")
    return run_id
