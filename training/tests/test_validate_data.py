"""The check of data before training, and what training says of bad data itself."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from windlass_training.cli import main
from windlass_training.systems import load_system


def made(rows: int = 300) -> pd.DataFrame:
    table: pd.DataFrame = load_system("bankchurn").generate(rows, 1)
    return table


def written(table: pd.DataFrame, folder: Path) -> Path:
    file = folder / "data.csv"
    table.to_csv(file, index=False)
    return file


def validated(data: Path, folder: Path, *options: str) -> tuple[int, Any]:
    report = folder / "reports/data.json"
    status = main(["validate-data", "bankchurn", "--data", str(data), "--report", str(report), *options])
    return status, json.loads(report.read_bytes())


def test_good_data_has_no_errors_and_a_summary_of_each_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report = validated(written(made(), tmp_path), tmp_path)
    assert status == 0
    assert (report["valid"], report["rows"], report["errors"]) == (True, 300, 0)
    columns = {column["name"]: column for column in report["columns"]}
    assert columns["Geography"]["categories"].keys() == {"France", "Germany", "Spain"}
    assert columns["Exited"]["kind"] == "target"
    assert sum(columns["Exited"]["categories"].values()) == 300
    printed = capsys.readouterr().out
    assert "Geography" in printed
    assert "no errors" in printed


def with_values(column: str, *values: object) -> pd.DataFrame:
    table = made().astype({column: object})
    table.loc[range(len(values)), column] = pd.Series(values, dtype=object)
    return table


@pytest.mark.parametrize(
    ("table", "severity", "column", "rule", "rows"),
    [
        (made().drop(columns=["Age"]), "error", "Age", "missing-column", 0),
        (made().drop(columns=["Exited"]), "error", "Exited", "missing-column", 0),
        (with_values("Age", "old", "young"), "error", "Age", "wrong-type", 2),
        (with_values("Age", 17), "error", "Age", "out-of-range", 1),
        (with_values("CreditScore", 851, 900), "error", "CreditScore", "out-of-range", 2),
        (with_values("Age", 40.5), "error", "Age", "not-whole", 1),
        (with_values("Geography", "Atlantis"), "error", "Geography", "unknown-category", 1),
        (with_values("Balance", None), "error", "Balance", "missing-values", 1),
        (made().assign(Tenure=[1.0, *[float("nan")] * 299]), "warning", "Tenure", "missing-values", 299),
        (made().assign(HasCrCard=1), "warning", "HasCrCard", "constant", 300),
        (pd.concat([made(), made()]), "warning", None, "duplicates", 300),
        (made().assign(Exited=1), "error", "Exited", "one-class", 300),
        (made().assign(Exited=[1] * 9 + [0] * 291), "error", "Exited", "too-few-rows", 9),
        (with_values("Exited", "yes"), "error", "Exited", "wrong-target", 1),
        (made(900).assign(Exited=[1] * 12 + [0] * 888), "warning", "Exited", "rare-class", 12),
        (made(150), "warning", None, "few-rows", 150),
        (made(0), "error", None, "no-rows", 0),
    ],
)
def test_what_is_wrong_is_found_by_its_rule(
    table: pd.DataFrame, severity: str, column: str | None, rule: str, rows: int, tmp_path: Path
) -> None:
    status, report = validated(written(table, tmp_path), tmp_path)
    found = {(f["severity"], f["column"], f["rule"], f["rows"]) for f in report["findings"]}
    assert (severity, column, rule, rows) in found
    assert status == (1 if report["errors"] else 0)
    assert (status == 1) or severity == "warning"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = with_values("Age", "old", 17, 40.5).assign(Geography="Atlantis").drop(columns=["Gender"])
    status, report = validated(written(table, tmp_path), tmp_path)
    assert (status, report["valid"]) == (1, False)
    rules = {finding["rule"] for finding in report["findings"] if finding["severity"] == "error"}
    assert rules == {"missing-column", "wrong-type", "out-of-range", "not-whole", "unknown-category"}
    printed = capsys.readouterr()
    assert "'old' in data row 1" in printed.out
    assert "has 5 errors" in printed.err


BINARY = np.random.default_rng(7).bytes(3000)
UNREADABLE = [
    (b"", "it is empty"),
    (b"  \n", "it is empty"),
    (made(20).to_csv(index=False).encode("utf-16"), "it is UTF-16. Convert it, for example: iconv -f UTF-16 -t UTF-8"),
    (made(20).to_csv(index=False).encode("utf-16-le"), "it is UTF-16LE. Convert it, for example: iconv -f UTF-16LE"),
    (made(20).to_csv(index=False).encode("utf-16-be"), "it is UTF-16BE"),
    (b"\xff\xfe\x00\x00", "it is UTF-32"),
    (
        made(20).assign(Surname="Müller").to_csv(index=False).encode("latin-1"),
        "line 2 has the byte 0xfc, as Latin-1 and Windows-1252 write. Convert it, for example: iconv -f ISO-8859-1",
    ),
    (b"PK\x03\x04\x00\x00", "it is a zip archive or an Excel workbook. Unpack the archive, or export the sheet"),
    (gzip.compress(made(20).to_csv(index=False).encode()), "it is packed with gzip. Unpack it first: gunzip -k"),
    (b"PAR1\x15\x04\x15", "it is a Parquet file. Write it as CSV"),
    (BINARY, "it is no text, but a binary file. Export it as CSV"),
    (BINARY.replace(b"\0", b""), "it is no text, but a binary file"),
    (b'a,b\n1,2\n1,2,3\n"', "is not a CSV file: line 3 has 3 fields, and those above it have 2. Put what"),
    (
        b'a,b\n1,2\n1,"2\n',
        "is not a CSV file: a quotation mark that opens in row 2 (the header is row 0) is never closed",
    ),
    (b"a,b\n1,2,3\n4,5,6\n", "its rows have more fields than the 2 columns of its header"),
    (b"Age,Tenure,Age\n1,2,3\n", "its header has 'Age' more than once"),
    (made(20).to_csv(index=False, sep=";").encode(), "is not a CSV file with commas"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_a_file_that_is_no_csv_in_utf_8_is_told_apart_by_every_command(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(content)
    status, report = validated(data, tmp_path)
    assert (status, [finding["rule"] for finding in report["findings"]]) == (1, ["unreadable"])
    assert message in report["findings"][0]["message"]
    capsys.readouterr()
    assert "C error" not in report["findings"][0]["message"]
    for command in (["train"], ["tune"], ["drift-report", "--reference", str(data)]):
        arguments = [command[0], "bankchurn", *command[1:], "--data", str(data), "--out", str(tmp_path / "out")]
        assert main(arguments) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_mark_of_utf_8_at_the_start_is_no_obstacle(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(made().drop(columns=["RowNumber"]).to_csv(index=False).encode("utf-8-sig"))
    assert validated(data, tmp_path)[0] == 0
    columns = ["CreditScore", *[name for name in made(1).columns if name != "CreditScore"]]
    data.write_bytes(made()[columns].to_csv(index=False).encode("utf-8-sig"))
    assert validated(data, tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (made(0), "a header and no rows"),
        (made().drop(columns=["Age", "Exited"]), "lacks the columns Age"),
        (with_values("Age", "old"), "column Age: must be a number; 1 of 300 rows are not"),
        (made().assign(Exited=0), "every row is 0; both 0 and 1 are needed"),
        (made().assign(Exited=[1] * 9 + [0] * 291), "too small for its split: of 300 rows 9 have Exited = 1"),
        (made().assign(Exited=[0] * 3 + [1] * 297), "too small for its split: of 300 rows 3 have Exited = 0"),
        (made().assign(Tenure=float("nan")), "column Tenure: no row has a value"),
    ],
)
def test_training_and_tuning_refuse_what_they_cannot_learn_from(
    table: pd.DataFrame, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = written(table, tmp_path)
    for command in ("train", "tune"):
        assert main([command, "bankchurn", "--data", str(data), "--out", str(tmp_path / "out")]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_or_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in validated(tmp_path, tmp_path)[1]["findings"][0]["message"]
    assert "no such file" in validated(tmp_path / "none.csv", tmp_path)[1]["findings"][0]["message"]


def test_values_are_shown_as_the_file_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = made().astype({"Age": object})
    table.loc[0, "Age"], table.loc[4, "EstimatedSalary"], table.loc[6, "Exited"] = "", math.inf, 7
    table.loc[8, "CreditScore"] = 7
    data = written(table, tmp_path)
    findings = {finding["column"]: finding["message"] for finding in validated(data, tmp_path)[1]["findings"]}
    assert findings["CreditScore"].endswith(": 7 in data row 9")
    assert findings["EstimatedSalary"].endswith(": inf in data row 5")
    assert findings["Exited"].endswith(": 7 in data row 7")
    capsys.readouterr()
    assert main(["train", "bankchurn", "--data", str(data), "--out", str(tmp_path / "out")]) == 1
    assert "the first is data row 9 with 7. Mend" in capsys.readouterr().err


def test_a_value_that_is_not_there_is_no_value(tmp_path: Path) -> None:
    data = written(made().assign(Exited=lambda rows: rows["Exited"].where(rows.index != 3)), tmp_path)
    findings = validated(data, tmp_path)[1]["findings"]
    assert [finding["message"] for finding in findings] == [
        "the target must be 0 or 1; 1 of 300 rows are not: no value in data row 4"
    ]
