"""MLflow's own description of a model, beside model.json: with it `mlflow.onnx.load_model` reads a bundle too.

It is written here because the library's own save_model would write the graph anew, and so change its digest."""

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]

MLMODEL = "MLmodel"
FLAVOUR = "onnx"


def flavour_files(manifest: Mapping[str, Any], run_id: str) -> dict[str, bytes]:
    """MLmodel and the environment that it names: path -> bytes. Python's version is that of the training."""
    from mlflow.version import VERSION

    libraries: Mapping[str, str] = manifest.get("training", {}).get("libraries", {})
    python = libraries.get("python", "3.11")
    graph = str(manifest["graph"])
    requirements = [f"{name}=={libraries[name]}" for name in ("onnx", "onnxruntime") if name in libraries]
    requirements = requirements or ["onnx", "onnxruntime"]
    model = {
        "artifact_path": "bundle",
        "flavors": {
            FLAVOUR: {
                "code": None,
                "data": graph,
                "onnx_session_options": None,
                "onnx_version": libraries.get("onnx", ""),
                "providers": ["CPUExecutionProvider"],
            },
            "python_function": {
                "data": graph,
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.onnx",
                "python_version": python,
            },
        },
        "metadata": {"windlass": {"name": manifest["name"], "version": manifest["version"]}},
        "mlflow_version": VERSION,
        "model_uuid": uuid.uuid4().hex,
        "run_id": run_id,
        "utc_time_created": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S.%f}",
    }
    conda = {
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": [f"mlflow=={VERSION}", *requirements]}],
        "name": "mlflow-env",
    }
    return {
        "requirements.txt": "".join(f"{line}\n" for line in [f"mlflow=={VERSION}", *requirements]).encode(),
        "conda.yaml": to_yaml(conda),
        "python_env.yaml": to_yaml({"python": python, "dependencies": ["-r requirements.txt"]}),
        MLMODEL: to_yaml(model),
    }


def to_yaml(value: Mapping[str, Any]) -> bytes:
    return f"{yaml.safe_dump(dict(value), sort_keys=True)}".encode()
