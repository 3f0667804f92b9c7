"""drift.html: the report for a person. One file, no script, nothing loaded."""

from html import escape

from windlass_training.system import Json

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#24292f;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #e4e7eb}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.drifted{color:#b42318;font-weight:600}.steady{color:#2e7d4f}.tooFewRows{color:#5c6773}
p.s{color:#5c6773;margin:.2rem 0 .8rem}svg text{font:11px system-ui,sans-serif;fill:#24292f}
.k{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .3em 0 1em}
@media(prefers-color-scheme:dark){body{background:#16191d;color:#e6e8eb}svg text{fill:#e6e8eb}
th,td{border-color:#30363d}.drifted{color:#ff8a7a}.steady{color:#6cc58f}.tooFewRows,p.s{color:#9aa4b0}}
"""
BEFORE, NOW = "#9aa4b0", "#0b6bcb"
STATES = {"drifted": "drifted", "steady": "steady", "tooFewRows": "too few rows"}
LABEL, BAR, ROW = 220, 420, 26
BINS_SHOWN = 40


def html_page(report: Json) -> str:
    title = f"Drift of {escape(report['system'])}"
    rows = "".join(table_row(feature) for feature in report["features"])
    left_out = "".join(
        f"<li>{escape(entry['name'])}: {escape(entry['reason'])}</li>" for entry in report["notCompared"]
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f'<h1 class="{report["state"]}">{escape(report["message"])}</h1>'
        f"<p class=s>{report['rows']} rows against {report['referenceRows']} of {escape(report['reference'])}. "
        f"A feature has drifted when its population stability index is above {report['threshold']:g}, and above what "
        "chance explains.</p>"
        "<table><thead><tr><th>Feature</th><th class=n>PSI</th><th class=n>Limit</th><th class=n>Missing before</th>"
        f"<th class=n>Missing now</th><th>State</th></tr></thead><tbody>{rows}</tbody></table>"
        + (f"<h2>Not compared</h2><ul>{left_out}</ul>" if left_out else "")
        + f'<p class=s><span class=k style="background:{BEFORE}"></span>reference'
        f'<span class=k style="background:{NOW}"></span>now (shares of the rows)</p>'
        + "".join(section(feature) for feature in report["features"])
        + "</body></html>\n"
    )


def table_row(feature: Json) -> str:
    psi = "" if feature["psi"] is None else f"{feature['psi']:.4f}"
    missing = feature["missing"]
    return (
        f"<tr><td>{escape(feature['name'])}</td><td class=n>{psi}</td><td class=n>{feature['limit']:.3f}</td>"
        f"<td class=n>{missing['reference']:.1%}</td><td class=n>{missing['now']:.1%}</td>"
        f'<td class="{feature["state"]}">{STATES[feature["state"]]}</td></tr>'
    )


def section(feature: Json) -> str:
    """Two bars a bin; bins without a row on either side are left out."""
    seen = [entry for entry in feature["bins"] if entry["reference"] or entry["now"]]
    shown = seen[:BINS_SHOWN]
    before = max(1, sum(entry["reference"] for entry in seen))
    now = max(1, sum(entry["now"] for entry in seen))
    shares = [(entry["bin"], entry["reference"] / before, entry["now"] / now) for entry in shown]
    greatest = max([share for _, *both in shares for share in both], default=1) or 1
    bars = "".join(bar(index, *share, greatest) for index, share in enumerate(shares))
    height = ROW * len(shares)
    more = f"<p class=s>and {len(seen) - len(shown)} more bins</p>" if len(seen) > len(shown) else ""
    return (
        f"<h2>{escape(feature['name'])}</h2>"
        f'<svg width="100%" viewBox="0 0 {LABEL + BAR + 130} {height}" role="img" '
        f'aria-label="Shares of {escape(feature["name"], quote=True)}">{bars}</svg>{more}'
    )


def bar(index: int, text: str, before: float, now: float, greatest: float) -> str:
    top = index * ROW
    label = text if len(text) <= 32 else f"{text[:31]}…"
    return (
        f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{LABEL}" y="{top + 3}" width="{BAR * before / greatest:.1f}" height="9" rx="1" fill="{BEFORE}"/>'
        f'<rect x="{LABEL}" y="{top + 13}" width="{BAR * now / greatest:.1f}" height="9" rx="1" fill="{NOW}"/>'
        f'<text x="{LABEL + BAR + 8}" y="{top + 16}">{before:.1%} → {now:.1%}</text>'
    )
