"""Made-up loans: what is known of them in time, which tells a little of the outcome, and what is known later, which
tells all of it, as in the real data."""

import numpy as np
import pandas as pd

from windlass_training.systems.creditrisk.features import EMPLOYMENT

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOT_ENDED = ("Current", "Late (31-120 days)", "In Grace Period")
STILL_PAID = 0.22
DEFAULTED = 0.2
MISSING = {"emp_length": 0.06, "mths_since_last_delinq": 0.5, "mths_since_recent_inq": 0.12, "avg_cur_bal": 0.04}


def generate(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = in_time(rows, random)
    risk = risk_of(table) + random.logistic(0, 1, rows)
    lost = risk > np.quantile(risk, 1 - DEFAULTED)
    outcome = np.where(lost, np.where(random.random(rows) < 0.02, "Default", "Charged Off"), "Fully Paid")
    ended = random.random(rows) >= STILL_PAID
    table["loan_status"] = np.where(ended, outcome, random.choice(NOT_ENDED, rows, p=[0.95, 0.04, 0.01]))
    for name, share in MISSING.items():
        table[name] = table[name].where(random.random(rows) >= share)
    return table.assign(**known_later(table, lost, random))


def in_time(rows: int, random: np.random.Generator) -> pd.DataFrame:
    amount = (random.gamma(3.0, 5_000.0, rows).clip(1_000, 40_000) / 25).round() * 25
    term = np.where((random.random(rows) < 0.25) & (amount > 8_000), 60, 36)
    score = (random.gamma(1.6, 20.0, rows).clip(0, 180) // 5 * 5 + 660).astype(np.int64)
    rate = (22 - (score - 660) / 11 + np.where(term == 60, 3.0, 0) + random.normal(0, 3, rows)).clip(5.3, 30.9).round(2)
    monthly = rate / 1_200
    accounts = random.poisson(11, rows) + 1
    income = np.exp(random.normal(11.1, 0.5, rows)).clip(8_000, 900_000).round()
    limit = (income * random.gamma(2.0, 0.25, rows)).round() + 500
    used = random.beta(2, 2, rows)
    return pd.DataFrame(
        {
            "id": np.arange(1, rows + 1),
            "loan_amnt": amount,
            "funded_amnt": amount,
            "term": [f" {months} months" for months in term],
            "int_rate": rate,
            "installment": (amount * monthly / (1 - (1 + monthly) ** -term)).round(2),
            "emp_length": random.choice(list(EMPLOYMENT), rows),
            "annual_inc": income,
            "issue_d": [f"{MONTHS[i % 12]}-{2013 + i // 12}" for i in random.integers(0, 60, rows)],
            "dti": (random.beta(2.4, 4.5, rows) * 50).round(2),
            "delinq_2yrs": random.poisson(0.3, rows),
            "fico_range_low": score,
            "fico_range_high": score + 4,
            "inq_last_6mths": random.poisson(0.6, rows),
            "mths_since_last_delinq": random.integers(0, 90, rows).astype(np.float64),
            "open_acc": accounts,
            "pub_rec": random.poisson(0.2, rows),
            "revol_bal": (limit * used).round(),
            "revol_util": (used * 100).round(1),
            "total_acc": accounts + random.poisson(12, rows),
            "collections_12_mths_ex_med": (random.random(rows) < 0.015).astype(np.int64),
            "mort_acc": random.poisson(1.5, rows),
            "acc_open_past_24mths": random.poisson(4.5, rows),
            "avg_cur_bal": random.gamma(1.2, 11_000.0, rows).round(),
            "bc_open_to_buy": (limit * (1 - used) * 0.6).round(),
            "bc_util": (used * 100 + random.normal(0, 8, rows)).clip(0, 110).round(1),
            "mo_sin_old_rev_tl_op": random.gamma(4.0, 45.0, rows).round() + 7,
            "mo_sin_rcnt_tl": random.poisson(7, rows),
            "mths_since_recent_inq": random.integers(0, 25, rows).astype(np.float64),
            "num_actv_rev_tl": random.poisson(5.5, rows),
            "num_tl_op_past_12m": random.poisson(2, rows),
            "pct_tl_nvr_dlq": (100 - random.gamma(0.8, 7.0, rows)).clip(30, 100).round(1),
            "percent_bc_gt_75": (random.beta(1, 1.4, rows) * 100).round(1),
            "pub_rec_bankruptcies": (random.random(rows) < 0.12).astype(np.int64),
            "tot_cur_bal": random.gamma(1.1, 120_000.0, rows).round() + 10,
            "tot_hi_cred_lim": random.gamma(1.3, 130_000.0, rows).round() + 3_000,
            "total_bc_limit": (limit * 0.6).round(),
            "total_rev_hi_lim": limit,
        }
    )


def risk_of(table: pd.DataFrame) -> np.ndarray:
    """The rate says most; income, debt and new accounts say something of their own."""
    burden = table["installment"].to_numpy() * 12 / table["annual_inc"].to_numpy()
    return np.asarray(
        0.17 * table["int_rate"].to_numpy()
        + 5.0 * burden
        + 0.02 * table["dti"].to_numpy()
        + 0.05 * table["acc_open_past_24mths"].to_numpy()
        - 0.006 * (table["fico_range_low"].to_numpy() - 660)
    )


def known_later(table: pd.DataFrame, lost: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    """What no model may see: it follows from the outcome."""
    rows = len(table)
    owed = table["loan_amnt"].to_numpy() * 1.15
    score = np.where(lost, random.integers(500, 620, rows), random.integers(640, 800, rows))
    return {
        "last_fico_range_high": score + 4,
        "last_fico_range_low": score,
        "total_pymnt": np.where(lost, owed * random.uniform(0.05, 0.6, rows), owed).round(2),
        "recoveries": np.where(lost, owed * random.uniform(0.0, 0.2, rows), 0).round(2),
    }
