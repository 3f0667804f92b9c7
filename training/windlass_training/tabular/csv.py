"""CSV files, read and written. What is no CSV file in UTF-8 is refused with what it seems to be."""

import codecs
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from windlass_training.errors import TrainingError

MARKS = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
COLUMNS_NAMED = 5
NO_VALUE = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None")
"""What stands in a CSV file for a number that is not there. Text is missing only where it is empty: a client who sends
'None' is answered for that text."""


def read_csv(file: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """`texts` are the columns whose values are kept as they stand: no '01' becomes 1, and no 'NA' nothing."""
    if file.is_dir():
        raise TrainingError(f"--data {file} is a folder; name a CSV file")
    if not file.is_file():
        raise TrainingError(f"--data {file}: no such file")
    refuse_encoding(file)
    try:
        columns = pd.read_csv(file, nrows=0).columns
        table = pd.read_csv(
            file,
            low_memory=False,
            dtype={name: str for name in columns if name in texts},
            keep_default_na=False,
            na_values={name: [""] if name in texts else list(NO_VALUE) for name in columns},
        )
    except ValueError as error:
        raise TrainingError(f"--data {file} is not a CSV file: {error}") from error
    if len(table.columns) == 1 and any(mark in str(table.columns[0]) for mark in ";\t|"):
        raise TrainingError(
            f"--data {file} is not a CSV file with commas: its one column is {str(table.columns[0])[:80]!r}. "
            "Write it with a comma between the columns."
        )
    return table


def refuse_encoding(file: Path) -> None:
    content = file.read_bytes()
    if not content.strip():
        raise TrainingError(f"--data {file} is not a CSV file: it is empty")
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            raise TrainingError(wrong_encoding(file, f"it is {encoding}", encoding))
    if b"\0" in content[:4096]:
        raise TrainingError(wrong_encoding(file, "it holds zero bytes, as UTF-16 and binary files do", "UTF-16"))
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        why = f"line {line} has the byte 0x{content[error.start]:02x}, as Latin-1 and Windows-1252 write"
        raise TrainingError(wrong_encoding(file, why, "ISO-8859-1")) from error


def wrong_encoding(file: Path, why: str, encoding: str) -> str:
    return (
        f"--data {file} is not a CSV file in UTF-8: {why}. "
        f"Convert it, for example: iconv -f {encoding} -t UTF-8 {file.name} > utf8.csv"
    )


def to_csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def write_csv(table: pd.DataFrame, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(to_csv(table))
