import argparse
from pathlib import Path

from windlass_training.commands.arguments import Commands, add_system, command, positive

THRESHOLD = 0.2
MIN_SAMPLES = 1000

DESCRIPTION = """\
Compares data with a reference by the rule of a pod's /drift (docs/drift.md): the population stability index of each
feature, values out of range and missing ones counted, and what chance explains. Writes drift.json and drift.html. With
a bundle as the reference its predictions are compared as well.

examples:
  windlass-train drift-report bankchurn --reference build/bankchurn --data march.csv --out build/drift
  windlass-train drift-report bankchurn --reference Churn.csv --data march.csv --out build/drift --fail-on-drift"""


def add(commands: Commands) -> None:
    parser = command(commands, "drift-report", "compare new data with what was trained on", DESCRIPTION)
    add_system(parser)
    parser.add_argument(
        "--reference", type=Path, metavar="PATH", required=True, help="a bundle's folder, a reference.json, or data"
    )
    parser.add_argument("--data", type=Path, metavar="PATH", required=True, help="file or folder")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the report")
    parser.add_argument("--threshold", type=positive_number, default=THRESHOLD, metavar="PSI", help="(default: 0.2)")
    parser.add_argument("--min-samples", type=positive, default=MIN_SAMPLES, metavar="N", help="(default: 1000)")
    parser.add_argument("--fail-on-drift", action="store_true", help="end with status 1 when something has drifted")
    parser.set_defaults(run=run)


def positive_number(text: str) -> float:
    number = float(text)
    if not 0 < number < 1000:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0 and below 1000")
    return number


def run(options: argparse.Namespace) -> None:
    from windlass_training.drift.report import drift_report

    drift_report(
        options.system,
        options.reference,
        options.data,
        options.out,
        options.threshold,
        options.min_samples,
        options.fail_on_drift,
    )
