"""The bank churn model behind a Python web server: what Starlette's and FastAPI's handlers share."""

from datetime import UTC, datetime

import numpy as np
import onnxruntime as ort

NUMBERS = ("CreditScore", "Age", "Tenure", "Balance", "NumOfProducts", "HasCrCard", "IsActiveMember", "EstimatedSalary")
TEXTS = ("Geography", "Gender")


def open_session(path: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds_of(rows: list[dict]) -> dict[str, np.ndarray]:
    """A missing number is NaN; each feature is a column [N, 1]."""
    count = len(rows)
    feeds = {name: np.array([row.get(name) for row in rows], dtype=np.float32).reshape(count, 1) for name in NUMBERS}
    for name in TEXTS:
        feeds[name] = np.array([row[name] for row in rows], dtype=object).reshape(count, 1)
    return feeds


def answer_of(probability: float) -> dict:
    return {
        "churn_probability": probability,
        "churn_prediction": int(probability >= 0.5),
        "risk_level": "HIGH" if probability >= 0.7 else "MEDIUM" if probability >= 0.3 else "LOW",
        "confidence": abs(probability - 0.5) * 2,
        "model_version": "1",
        "prediction_timestamp": datetime.now(UTC).isoformat(),
    }


def predict(session: ort.InferenceSession, rows: list[dict]) -> list[dict]:
    (probabilities,) = session.run(["probabilities"], feeds_of(rows))
    return [answer_of(float(probability)) for probability in probabilities[:, 1]]
