"""model-card.md: what a person should know before using the model."""

from collections.abc import Mapping

from windlass_training.system import Json, TrainedModel


def model_card(
    name: str, model: TrainedModel, version: str, training: Json, source: str, published: Mapping[str, float]
) -> str:
    compared = [f"| {metric} | {value:.4f} | {published.get(metric, '')} |" for metric, value in model.metrics.items()]
    libraries = ", ".join(f"{library} {number}" for library, number in training["libraries"].items())
    return "\n".join(
        [
            f"# {name} {version}",
            "",
            model.card.strip(),
            "",
            "## Data",
            "",
            f"Trained on {source}.",
            "",
            f"{training['rows']} rows, sha256 `{training['dataSha256']}`; seed {training['seed']}.",
            "",
            "## Measured on the test split",
            "",
            "| metric | value | published |",
            "| --- | --- | --- |",
            *compared,
            "",
            "## Checks",
            "",
            *[f"- {check}" for check in model.checks],
            "",
            "## Made with",
            "",
            f"windlass-training {training['codeVersion']}; {libraries}.",
            "",
        ]
    )
