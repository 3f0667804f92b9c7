"""What a command writes: a file, or a folder of files that it owns."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from windlass_training.errors import TrainingError


def write_file(file: Path, content: bytes) -> None:
    if file.is_dir():
        raise TrainingError(f"{file} is a folder; name a file to write")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def refuse_foreign_files(folder: Path, known: Iterable[str]) -> None:
    """A folder may be written again; one with anything else in it is left alone."""
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"--out {folder} is a file; name a folder")
    wanted = set(known)
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in wanted) if folder.is_dir() else []
    if foreign:
        raise TrainingError(
            f"--out {folder} holds {len(foreign)} files of other kinds, such as {foreign[0]}; name an empty folder"
        )


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns aligned for a terminal; the last one is as long as it likes."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )
