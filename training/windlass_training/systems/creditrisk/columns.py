"""Which columns of a loan's record the model may see: those that are there when the loan is applied for."""

from collections.abc import Sequence

from windlass_training.errors import TrainingError
from windlass_training.tabular.features import Feature

# On the application, in the credit report that is drawn for it, or in the lender's offer.
KNOWN_AT_APPLICATION = frozenset(
    {
        *("loan_amnt", "term", "int_rate", "installment", "emp_length", "home_ownership", "annual_inc", "purpose"),
        *("verification_status", "application_type", "dti", "delinq_2yrs", "earliest_cr_line"),
        *("fico_range_low", "fico_range_high", "inq_last_6mths", "mths_since_last_delinq", "mths_since_last_record"),
        *("open_acc", "pub_rec", "revol_bal", "revol_util", "total_acc", "collections_12_mths_ex_med"),
        *("acc_now_delinq", "tot_coll_amt", "tot_cur_bal", "total_rev_hi_lim", "acc_open_past_24mths", "avg_cur_bal"),
        *("bc_open_to_buy", "bc_util", "mo_sin_old_il_acct", "mo_sin_old_rev_tl_op", "mo_sin_rcnt_rev_tl_op"),
        *("mo_sin_rcnt_tl", "mort_acc", "mths_since_recent_bc", "mths_since_recent_inq", "num_actv_bc_tl"),
        *("num_actv_rev_tl", "num_il_tl", "num_op_rev_tl", "num_rev_accts", "num_tl_op_past_12m", "pct_tl_nvr_dlq"),
        *("percent_bc_gt_75", "pub_rec_bankruptcies", "tax_liens", "tot_hi_cred_lim", "total_bal_ex_mort"),
        *("total_bc_limit", "total_il_high_credit_limit"),
    }
)

# Column, or the beginning of several -> when it becomes known.
KNOWN_LATER = {
    "last_fico_range_": "the credit score is drawn again while the loan is paid back",
    "last_credit_pull_d": "the credit report is drawn again while the loan is paid back",
    "last_pymnt_": "it is of the last payment",
    "next_pymnt_": "it is of a payment to come",
    "total_pymnt": "payments are added up over the life of the loan",
    "total_rec_": "payments are added up over the life of the loan",
    "out_prncp": "it is what is still owed",
    "recoveries": "there is one only after a default",
    "collection_recovery_fee": "there is one only after a default",
    "pymnt_plan": "a plan is made for a borrower in trouble",
    "hardship_": "a hardship is agreed on after payments stop",
    "payment_plan_start_date": "a plan is made for a borrower in trouble",
    "deferral_term": "a deferral is agreed on after payments stop",
    "orig_projected_additional_accrued_interest": "it is of a hardship plan",
    "debt_settlement_": "a settlement follows a default",
    "settlement_": "a settlement follows a default",
    "funded_amnt": "what investors gave is known after the application",
    "initial_list_status": "the listing comes after the application",
    "loan_status": "it is the outcome itself",
    "defaulted": "it is the outcome itself",
}


def application_columns(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features as they are, or TrainingError for one that is not on the list of what is known in time."""
    for feature in features:
        refuse_unknown_in_time(feature.name)
    return tuple(features)


def refuse_unknown_in_time(name: str) -> None:
    for known_later, why in KNOWN_LATER.items():
        if name.startswith(known_later):
            raise TrainingError(
                f"column {name} leaks the outcome: {why}. A model of applications may not see it; take it "
                "out of FEATURES."
            )
    if name not in KNOWN_AT_APPLICATION:
        raise TrainingError(
            f"column {name} is not on the list of columns known when a loan is applied for. Find out when it becomes "
            "known, and add it to KNOWN_AT_APPLICATION if that is in time."
        )
