"""CSV files, read and written. What is no CSV file in UTF-8 is refused with what it seems to be."""

import codecs
import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from windlass_training.errors import TrainingError

MARKS = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
FORMATS = {
    b"\x1f\x8b": ("packed with gzip", "Unpack it first: gunzip -k FILE.csv.gz"),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Unpack the archive, or export the sheet as CSV in UTF-8."),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "Export its sheet as CSV in UTF-8."),
    b"PAR1": (
        "a Parquet file",
        "Write it as CSV, for example: pandas.read_parquet(FILE).to_csv('data.csv', index=False)",
    ),
    b"BZh": ("packed with bzip2", "Unpack it first: bunzip2 -k FILE.csv.bz2"),
    b"\xfd7zXZ\x00": ("packed with xz", "Unpack it first: unxz -k FILE.csv.xz"),
    b"\x28\xb5\x2f\xfd": ("packed with Zstandard", "Unpack it first: unzstd FILE.csv.zst"),
}
"""How files of other kinds begin -> what they are, and what to do."""
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has."""
SNIFFED = 4096
NO_VALUE = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None")
"""What stands in a CSV file for a number that is not there. Text is missing only where it is empty: a client who sends
'None' is answered for that text."""


def read_csv(file: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """`texts` are the columns whose values are kept as they stand: no '01' becomes 1, and no 'NA' nothing."""
    if file.is_dir():
        raise TrainingError(f"--data {file} is a folder; name a CSV file")
    if not file.is_file():
        raise TrainingError(f"--data {file}: no such file")
    refuse_other_content(file)
    try:
        header = pd.read_csv(file, header=None, nrows=1, dtype=str, keep_default_na=False)
        refuse_same_names(file, [str(name) for name in header.iloc[0]])
        columns = pd.read_csv(file, nrows=0).columns
        table = pd.read_csv(
            file,
            low_memory=False,
            dtype={name: str for name in columns if name in texts},
            keep_default_na=False,
            na_values={name: [""] if name in texts else list(NO_VALUE) for name in columns},
        )
    except ValueError as error:
        raise TrainingError(f"--data {file} is not a CSV file: {parse_problem(str(error))}") from error
    if not table.index.equals(pd.RangeIndex(len(table))):
        raise TrainingError(
            f"--data {file} is not a CSV file: its rows have more fields than the {len(columns)} columns of its "
            "header. Name every column in the first line."
        )
    if len(table.columns) == 1 and any(mark in str(table.columns[0]) for mark in ";\t|"):
        raise TrainingError(
            f"--data {file} is not a CSV file with commas: its one column is {str(table.columns[0])[:80]!r}. "
            "Write it with a comma between the columns."
        )
    return table


def refuse_same_names(file: Path, header: Sequence[str]) -> None:
    twice = [name for name, count in Counter(header).items() if count > 1 and name.strip()]
    if twice:
        raise TrainingError(
            f"--data {file}: its header has {', '.join(map(repr, twice[:5]))} more than once, and nothing "
            "says which of them is meant. Rename or remove one."
        )


def parse_problem(text: str) -> str:
    """What pandas says, in words for who has the file."""
    fields = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text)
    if fields is not None:
        columns, line, seen = fields.groups()
        return (
            f"line {line} has {seen} fields, and those above it have {columns}. "
            "Put what holds a comma in double quotation marks."
        )
    opened = re.search(r"EOF inside string starting at row (\d+)", text)
    if opened is not None:
        return f"a quotation mark that opens in row {opened[1]} (the header is row 0) is never closed. Mend that row."
    return " ".join(text.removeprefix("Error tokenizing data. C error: ").split())


def refuse_other_content(file: Path) -> None:
    """What is no text in UTF-8, by what it seems to be."""
    content = file.read_bytes()
    if not content.strip():
        raise TrainingError(f"--data {file} is not a CSV file: it is empty")
    for magic, (kind, advice) in FORMATS.items():
        if content.startswith(magic):
            raise TrainingError(f"--data {file} is not a CSV file: it is {kind}. {advice}")
    encoding = utf16_or_32(content)
    if encoding is not None:
        raise TrainingError(wrong_encoding(file, f"it is {encoding}", encoding))
    if CONTROL.search(content[:SNIFFED]):
        raise TrainingError(f"--data {file} is not a CSV file: it is no text, but a binary file. Export it as CSV.")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        why = f"line {line} has the byte 0x{content[error.start]:02x}, as Latin-1 and Windows-1252 write"
        raise TrainingError(wrong_encoding(file, why, "ISO-8859-1")) from error


def utf16_or_32(content: bytes) -> str | None:
    """By the mark at the start, or by the zeros of Latin letters: every second byte, and none between."""
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return encoding
    start = content[:SNIFFED]
    first, second = start[0::2], start[1::2]
    for encoding, letters, zeros in (("UTF-16LE", first, second), ("UTF-16BE", second, first)):
        if zeros and zeros.count(0) > 0.9 * len(zeros) and letters.count(0) < 0.1 * len(letters):
            return encoding
    return None


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
