"""The drift report: the runtime's rule, and what it says and writes."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Telecom

from windlass_training.cli import main
from windlass_training.drift.bins import count, range_texts
from windlass_training.drift.psi import compare, psi, psi_of_chance

REPOSITORY = Path(__file__).parents[2]
NODE = REPOSITORY / "node_modules/.bin/node"


def numeric(edges: list[float], counts: list[int], **more: int) -> dict[str, Any]:
    return {"kind": "numeric", "edges": edges, "counts": counts, "under": 0, "over": 0, "missing": 0, **more}


def test_the_index_is_the_sum_over_shares_whose_counts_were_raised_by_a_half() -> None:
    a, b = 10.5 / 41, 20.5 / 41
    assert psi([20, 20], [10, 30]) == pytest.approx((a - b) * math.log(a / b) + (1 - a - b) * math.log((1 - a) / b))


def test_the_bound_of_chance_is_chi_squares() -> None:
    # 10 degrees are exceeded at 29.588 once in a thousand (NIST/SEMATECH handbook 1.3.6.7.4).
    assert psi_of_chance(11, 1000, 4000, 1) == pytest.approx(29.588 * (1 / 1000 + 1 / 4000), rel=1e-4)


def test_every_verdict_is_the_runtimes() -> None:
    if not NODE.exists():
        pytest.skip("no node_modules/.bin/node: run make packages")
    random = np.random.default_rng(3)
    cases: list[dict[str, Any]] = []
    for case in range(60):
        bins, categories = int(random.integers(3, 40)), 0
        rates = random.gamma(0.6, 400, bins)
        moved = rates if case % 3 else random.gamma(0.6, 300, bins)
        reference, now = random.poisson(rates), random.poisson(moved / 2)
        if case % 2:
            categories = bins - 2
        if case % 5 == 0:
            now = np.zeros_like(now)
        cases.append(
            {
                "reference": [1, *map(int, reference[1:])],
                "now": list(map(int, now)),
                "categories": categories,
                "threshold": 0.2,
                "features": 7,
            }
        )
    script = """
        import { readFileSync } from 'node:fs';
        const { compare } = await import(process.argv[1] + '/contract/psi.ts');
        const cases = JSON.parse(readFileSync(0, 'utf8'));
        console.log(JSON.stringify(cases.map(({ threshold, features, ...counts }) =>
          compare(counts, { threshold, features, minSamples: 200 }))));
    """
    done = subprocess.run(
        [str(NODE), "--input-type=module", "--eval", script, str(REPOSITORY)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    states = set()
    for given, theirs in zip(cases, json.loads(done.stdout), strict=True):
        ours = compare(given["reference"], given["now"], given["categories"], 0.2, 200, 7)
        states.add(ours.state)
        assert (ours.state, ours.merged, ours.samples) == (theirs["state"], theirs["merged"], theirs["samples"])
        assert ours.limit == pytest.approx(theirs["limit"], rel=1e-9)
        for value, other in ((ours.psi, theirs.get("psi")), (ours.chance, theirs.get("chance"))):
            assert value == (None if other is None else pytest.approx(other, rel=1e-9))
    assert states == {"tooFewRows", "steady", "drifted"}


def test_values_out_of_range_and_missing_ones_are_counted_apart() -> None:
    values = np.array([-5, 0, 1, 2, 9, np.nan, np.inf, -np.inf], dtype=np.float32)
    counted = count(numeric([0, 1, 2], [3, 4], missing=2), values, integer=False)
    assert list(counted.texts) == ["under", "0 to 1", "1 to 2", "over", "missing"]
    assert counted.now == [2, 1, 2, 2, 1]
    assert counted.reference == [0, 3, 4, 0, 2]


def test_a_value_on_an_edge_is_above_it_though_both_are_rounded() -> None:
    values = np.array([0.1, 0.7, 0.9], dtype=np.float32)
    assert count(numeric([0.1, 0.7, 0.9], [1, 1]), values, integer=False).now == [0, 1, 2, 0, 0]


def test_unknown_categories_are_other_and_empty_ones_missing() -> None:
    bins = {"kind": "categorical", "counts": {"rare": 1, "common": 9, "": 4, "other": 2}, "other": 3, "missing": 5}
    counted = count(bins, np.array(["common", "new", "", "other"], dtype=object), integer=False)
    assert list(counted.texts) == ["common", '"other"', "rare", "other", "missing"]
    assert counted.reference == [9, 2, 1, 3, 9]
    assert counted.now == [1, 1, 0, 1, 1]


def test_bins_of_whole_numbers_are_named_by_what_is_in_them() -> None:
    assert range_texts(np.array([-0.5, 0.5, 1.5, 10.5]), integer=True) == ["0", "1", "2 to 10"]
    assert range_texts(np.array([1, 1.0000001, 2]), integer=False) == ["1.0 to 1.0000001", "1.0000001 to 2.0"]


def reported(reference: Path, data: Path, out: Path, *options: str) -> int:
    arguments = ["--reference", str(reference), "--data", str(data), "--out", str(out), *options]
    return main(["drift-report", "telecom", *arguments])


@pytest.fixture(scope="module")
def shifted(telecom: Telecom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 % of a feature far out of range, as in a pod that was sent another unit."""
    table = pd.read_csv(telecom.data)
    table.loc[table.index % 5 < 2, "mb_used"] *= 1024
    file = tmp_path_factory.mktemp("shifted") / "shifted.csv"
    table.to_csv(file, index=False)
    return file


def test_a_feature_moved_out_of_range_has_drifted_far(telecom: Telecom, shifted: Path, tmp_path: Path) -> None:
    assert reported(telecom.bundle, shifted, tmp_path / "drift", "--fail-on-drift") == 1
    report = json.loads((tmp_path / "drift/drift.json").read_bytes())
    first = report["features"][0]
    assert (report["state"], first["name"], first["state"]) == ("drifted", "mb_used", "drifted")
    assert first["psi"] > 1
    assert "1 of 4 features has drifted (mb_used)" in report["message"]
    assert {entry["name"] for entry in report["features"]} == {"calls", "minutes", "messages", "mb_used", "prediction"}
    for entry in report["features"]:
        assert sum(part["now"] for part in entry["bins"]) == report["rows"] == 1500


def test_the_page_holds_all_that_it_needs_and_runs_nothing(telecom: Telecom, shifted: Path, tmp_path: Path) -> None:
    assert reported(telecom.data, shifted, tmp_path / "drift") == 0
    page = (tmp_path / "drift/drift.html").read_text()
    assert "1 of 4 features has drifted (mb_used)." in page
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") == 4


@pytest.mark.parametrize("kind", ["data", "bundle", "reference"])
def test_data_has_not_drifted_from_what_it_came_from(kind: str, telecom: Telecom, tmp_path: Path) -> None:
    reference = {
        "data": telecom.data,
        "bundle": telecom.bundle,
        "reference": telecom.bundle / "reference.json",
    }[kind]
    assert reported(reference, telecom.data, tmp_path / "drift", "--fail-on-drift") == 0
    report = json.loads((tmp_path / "drift/drift.json").read_bytes())
    assert report["state"] == "steady"
    assert len(report["features"]) == (5 if kind == "bundle" else 4)


def test_too_few_rows_give_no_verdict(telecom: Telecom, shifted: Path, tmp_path: Path) -> None:
    assert reported(telecom.bundle, shifted, tmp_path / "drift", "--min-samples", "1501", "--fail-on-drift") == 0
    report = json.loads((tmp_path / "drift/drift.json").read_bytes())
    assert report["state"] == "tooFewRows"
    assert report["message"] == "Too few rows: 1500, and 1501 are needed."


def test_a_bundle_without_a_reference_says_what_to_do(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(telecom.bundle, bare)
    manifest = json.loads((bare / "model.json").read_bytes())
    del manifest["reference"]
    (bare / "model.json").write_text(json.dumps(manifest))
    assert reported(bare, telecom.data, tmp_path / "drift") == 1
    assert "has no drift reference" in capsys.readouterr().err
    assert not (tmp_path / "drift").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.json", None, "no such file"),
        ("none.csv", None, "no such file. Name a bundle's folder"),
        (
            "model.toml",
            "a = 1\n",
            "model.toml must be a bundle's folder (it has a model.json), a reference.json, or data",
        ),
        ("folder/", None, "folder must be a bundle's folder (it has a model.json), a reference.json, or data"),
        ("text.json", "hello", "is not JSON"),
        ("list.json", "[]", "is no drift reference"),
        ("empty.json", '{"rows": 0, "features": {}}', "nothing can be compared: calls: the reference has no bins"),
        (
            "wrong.json",
            '{"rows": 1, "features": {"calls": {"kind": "numeric", "edges": [2, 1], "counts": [1]}}}',
            "calls: its reference's edges must rise",
        ),
        (
            "kind.json",
            '{"rows": 1, "features": {"calls": {"kind": "categorical", "counts": {"a": 1}, "other": 0, "missing": 0}}}',
            "calls: its values and its reference's bins are of different kinds",
        ),
    ],
)
def test_a_reference_that_is_none_is_refused(
    name: str,
    content: str | None,
    message: str,
    telecom: Telecom,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    if name.endswith("/"):
        (tmp_path / name).mkdir()
    assert reported(tmp_path / name, telecom.data, tmp_path / "drift") == 1
    told = capsys.readouterr().err
    assert message in told
    assert "--data" not in told
    assert not (tmp_path / "drift").exists()
