"""The command register: a bundle becomes a registered version, with a link to its run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windlass_training.bundle import MANIFEST, open_bundle, read_bundle
from windlass_training.config import flat
from windlass_training.files import file_digest
from windlass_training.registry.connection import Registry, is_missing, told
from windlass_training.registry.flavour import flavour_files
from windlass_training.registry.run import MANIFEST_TAG, bundle_record, find_run, log_run, upload

BUNDLE = "bundle"
"""The folder among the run's artifacts."""


def register(registry: Registry, folder: Path, name: str | None) -> tuple[str, str]:
    """(name, version) in the registry. The same bundle again is the version that it has."""
    bundle = open_bundle(folder)
    manifest = bundle.manifest
    model = name or str(manifest["name"])
    digest = file_digest(folder / MANIFEST)
    ensure_model(registry, model, f"{manifest.get('description', '')}")
    present = version_of(registry, model, digest)
    if present is not None:
        print(f"{folder} is version {present} of {model} already")
        return model, present
    record = bundle_record(folder, manifest, config_parameters(bundle.config), {})
    with told(registry, "look for the bundle's run"):
        run_id = find_run(registry, record.experiment, digest)
    run_id = run_id or log_run(registry, record)
    upload_bundle(registry, run_id, folder, manifest)
    version = create_version(registry, model, run_id, manifest, digest)
    print(f"registered {folder} as version {version} of {model}, run {run_id}")
    print(f"  serve it with uri: models:/{model}/{version}")
    return model, version


def config_parameters(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of a bundle that has no run yet: the config that its metrics.json keeps."""
    shaping = {key: value for key, value in (config or {}).items() if key not in {"gates", "search"}}
    return dict(flat(shaping, ""))


def ensure_model(registry: Registry, model: str, description: str) -> None:
    from mlflow.exceptions import MlflowException

    with told(registry, f"create the registered model {model}"):
        try:
            registry.client.create_registered_model(model, description=description)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def version_of(registry: Registry, model: str, digest: str) -> str | None:
    with told(registry, f"list the versions of {model}"):
        quoted = model.replace("'", "''")
        found = registry.client.search_model_versions(f"name='{quoted}' and tags.`{MANIFEST_TAG}`='{digest}'")
    ready = [version for version in found if version.status == "READY"]
    return str(ready[0].version) if ready else None


def upload_bundle(registry: Registry, run_id: str, folder: Path, manifest: Mapping[str, Any]) -> None:
    """The bundle's own bytes, checked against their digests, and MLflow's files beside them."""
    with told(registry, f"upload the bundle to the run {run_id}"):
        upload(registry, run_id, BUNDLE, flavour_files(manifest, run_id).items())
        for path, file in read_bundle(folder):
            parent = Path(path).parent.as_posix()
            place = BUNDLE if parent == "." else f"{BUNDLE}/{parent}"
            registry.client.log_artifact(run_id, str(file), place)


def create_version(registry: Registry, model: str, run_id: str, manifest: Mapping[str, Any], digest: str) -> str:
    client = registry.client
    tags = {
        MANIFEST_TAG: digest,
        "windlass.version": f"{manifest['version']}",
        "windlass.task": f"{manifest['task']}",
        **{f"metric.{key}": f"{value:.6g}" for key, value in manifest.get("metrics", {}).items()},
    }
    with told(registry, f"create a version of {model}"):
        source = f"{client.get_run(run_id).info.artifact_uri}/{BUNDLE}"
        made = client.create_model_version(
            model, source, run_id=run_id, tags=tags, description=f"{manifest.get('description', '')}"
        )
    return str(made.version)


def latest(registry: Registry, model: str) -> list[str]:
    """The versions that there are, newest first; none where there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        quoted = model.replace("'", "''")
        found = registry.client.search_model_versions(f"name='{quoted}'")
    except MlflowException as error:
        if is_missing(error):
            return []
        raise
    return sorted((str(version.version) for version in found), key=int, reverse=True)
