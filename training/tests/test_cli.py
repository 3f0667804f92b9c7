"""The command line: what it teaches and what it refuses."""

from pathlib import Path

import pytest

from windlass_training.cli import main


@pytest.mark.parametrize(
    ("arguments", "taught"),
    [
        (["--help"], "windlass-train train bankchurn --data Churn.csv"),
        (["train", "--help"], "--no-gate"),
        (["generate", "--help"], "windlass-train generate bankchurn"),
        (["push", "--help"], "AWS_ENDPOINT_URL"),
        (["tune", "--help"], "--config build/tuned/best.toml"),
        (["evaluate", "--help"], "windlass-train evaluate bankchurn --bundle build/bankchurn"),
        (["validate-data", "--help"], "windlass-train validate-data bankchurn"),
        (["drift-report", "--help"], "--fail-on-drift"),
    ],
)
def test_help_shows_an_example(arguments: list[str], taught: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert taught in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["train", "nothing", "--out", "x"],
        ["train", "bankchurn"],
        ["train", "bankchurn", "--out", "x", "--version", "../1"],
        ["train", "bankchurn", "--out", "x", "--seed", "-1"],
        ["generate", "bankchurn", "--out", "x", "--rows", "0"],
        ["tune", "bankchurn", "--out", "x", "--trials", "0"],
        ["evaluate", "bankchurn", "--out", "x"],
        ["validate-data", "bankchurn"],
        ["drift-report", "bankchurn", "--reference", "x", "--data", "x", "--out", "x", "--threshold", "-1"],
    ],
)
def test_a_wrong_command_line_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is not a CSV file"),
        (b"\xff\xfe\x00a,b\n1,2\n", "is not a CSV file"),
        (b"a,b\n1,2\n", "lacks the columns CreditScore"),
    ],
)
def test_a_data_file_that_does_not_fit_ends_with_status_1(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    if content is not None:
        data.write_bytes(content)
    assert main(["train", "bankchurn", "--data", str(data), "--out", str(tmp_path / "bundle")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
