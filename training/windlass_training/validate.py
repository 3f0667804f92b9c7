"""The command validate-data: what is in the data, and everything that training would refuse."""

from pathlib import Path

from windlass_training.errors import TrainingError
from windlass_training.files import json_bytes
from windlass_training.reports import text_table, write_file
from windlass_training.system import DataReport, Finding, Json
from windlass_training.systems import load_system
from windlass_training.train import system_config


def validate(name: str, data: Path, report_file: Path | None, override: Path | None) -> DataReport:
    """Prints a table, writes the report, and raises TrainingError when there is an error among the findings."""
    system = load_system(name)
    config = system_config(system, override)
    try:
        report = system.validate(system.read(data), config)
    except TrainingError as error:
        report = DataReport(0, [], [Finding("error", "", "unreadable", f"{error}")])
    print(f"{data}: {report.rows} rows")
    if report.columns:
        print(text_table(("column", "kind", "missing", "values"), map(row, report.columns)))
    for finding in report.findings:
        where = f"{finding.column}: " if finding.column else ""
        print(f"{finding.severity}: {where}{finding.message} [{finding.rule}]")
    errors = sum(finding.severity == "error" for finding in report.findings)
    if report_file is not None:
        write_file(report_file, json_bytes(as_json(name, report, errors)))
        print(f"wrote {report_file}")
    if errors:
        raise TrainingError(
            f"{data} has {errors} error{'s' if errors > 1 else ''}, as listed: training would refuse it"
        )
    print("no errors")
    return report


def as_json(name: str, report: DataReport, errors: int) -> Json:
    return {
        "system": name,
        "valid": errors == 0,
        "rows": report.rows,
        "errors": errors,
        "warnings": len(report.findings) - errors,
        "findings": [
            {
                "severity": finding.severity,
                "column": finding.column or None,
                "rule": finding.rule,
                "rows": finding.count,
                "message": finding.message,
            }
            for finding in report.findings
        ],
        "columns": list(report.columns),
    }


def row(column: Json) -> tuple[str, str, str, str]:
    if "categories" in column:
        values = ", ".join(f"{value} {count}" for value, count in column["categories"].items())
    elif "minimum" in column:
        values = " ".join(f"{name} {column[name]:g}" for name in ("minimum", "median", "mean", "maximum"))
    else:
        values = ""
    return (str(column["name"]), str(column.get("kind", "")), str(column.get("missing", 0)), values)
