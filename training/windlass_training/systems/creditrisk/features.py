"""What is known of a loan when it is applied for, and what the graph makes of it."""

from windlass_training.systems.creditrisk.columns import application_columns
from windlass_training.tabular.derived import Derived, leading_number, number_by_text, ratio
from windlass_training.tabular.features import NumericFeature, TextFeature, names


def amount(name: str, description: str, required: bool = False) -> NumericFeature:
    return NumericFeature(name, description, minimum=0, required=required, unit="$")


def count(name: str, description: str, required: bool = False) -> NumericFeature:
    return NumericFeature(name, description, minimum=0, integer=True, required=required)


def share(name: str, description: str, required: bool = False) -> NumericFeature:
    return NumericFeature(name, description, minimum=0, required=required, unit="%")


def months(name: str, description: str) -> NumericFeature:
    return NumericFeature(name, description, minimum=0, integer=True, required=False, unit="months")


def score(name: str, description: str) -> NumericFeature:
    return NumericFeature(name, description, minimum=300, maximum=850, integer=True)


REQUIRED = (
    amount("loan_amnt", "Amount that is asked for.", required=True),
    share("int_rate", "Interest rate of the offer, as a number: 13.5, not '13.5%'.", required=True),
    amount("installment", "Monthly payment of the offer.", required=True),
    amount("annual_inc", "Yearly income that the applicant states.", required=True),
    share("dti", "Monthly debt payments as a share of monthly income.", required=True),
    count("delinq_2yrs", "Payments more than 30 days late in the last two years.", required=True),
    score("fico_range_low", "Lower end of the FICO score's range."),
    score("fico_range_high", "Upper end of the FICO score's range."),
    count("inq_last_6mths", "Credit inquiries in the last six months.", required=True),
    count("open_acc", "Open credit lines.", required=True),
    count("pub_rec", "Derogatory public records.", required=True),
    amount("revol_bal", "Balance of revolving credit.", required=True),
    share("revol_util", "Used share of the revolving credit, as a number.", required=True),
    count("total_acc", "Credit lines ever opened.", required=True),
    count("collections_12_mths_ex_med", "Collections in the last year, medical ones left out.", required=True),
)

OPTIONAL = (
    # The lender's files have ' 36 months'.
    TextFeature("term", "'36 months' or '60 months'. Any other text is as good as none.", required=False, trimmed=True),
    TextFeature("emp_length", "'< 1 year', '1 year', ... '10+ years'. Any other text is as good as none.", False),
    count("mort_acc", "Mortgages."),
    count("acc_open_past_24mths", "Credit lines opened in the last two years."),
    amount("avg_cur_bal", "Mean balance of all accounts."),
    amount("bc_open_to_buy", "What is left to spend on bank cards."),
    share("bc_util", "Used share of the bank cards' limits."),
    months("mo_sin_old_rev_tl_op", "Months since the oldest revolving account was opened."),
    months("mo_sin_rcnt_tl", "Months since the newest account was opened."),
    months("mths_since_recent_inq", "Months since the last inquiry."),
    months("mths_since_last_delinq", "Months since the last late payment; missing where there was none."),
    count("num_actv_rev_tl", "Revolving accounts in use."),
    count("num_tl_op_past_12m", "Accounts opened in the last year."),
    share("pct_tl_nvr_dlq", "Share of accounts that were never late."),
    share("percent_bc_gt_75", "Share of bank cards that are used above 75 %."),
    count("pub_rec_bankruptcies", "Bankruptcies on record."),
    amount("tot_cur_bal", "Balance of all accounts."),
    amount("tot_hi_cred_lim", "Limit of all credit together."),
    amount("total_bc_limit", "Limit of the bank cards together."),
    amount("total_rev_hi_lim", "Limit of the revolving credit together."),
)

FEATURES = application_columns((*REQUIRED, *OPTIONAL))
TARGET = "defaulted"

EMPLOYMENT = {"< 1 year": 0, "1 year": 1, **{f"{years} years": years for years in range(2, 10)}, "10+ years": 10}

DERIVED: tuple[Derived, ...] = (
    leading_number("term_months", "term", "months"),
    number_by_text("employed_years", "emp_length", EMPLOYMENT),
    ratio("loan_to_income", "loan_amnt", "annual_inc"),
    ratio("installment_to_income", "installment", "annual_inc"),
    ratio("revolving_to_income", "revol_bal", "annual_inc"),
)

NUMBERS = [*names(FEATURES, "numeric"), *(column.name for column in DERIVED)]
