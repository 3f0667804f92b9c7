/** The page's whole style; its digest is in the content security policy. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --surface: #fff; --ink: #1d2327; --soft: #566068; --line: #dcdfe0; --edge: #858d92;
  --accent: #0a6375; --accent-wash: #e3f1f3; --bad: #b3261e; --bad-wash: #fdf1f0; --good: #1c6b3a;
  --before: #a3abb0; --now: #0a7d94;
  font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif;
  line-height: 1.5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121618; --surface: #1a2023; --ink: #e7ebec; --soft: #a3adb2; --line: #2f383c; --edge: #77848a;
    --accent: #72cfdf; --accent-wash: #12343b; --bad: #ff9d94; --bad-wash: #3a1d1b; --good: #7fd6a0;
    --before: #667278; --now: #52c3d8;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: break-word; }
h1, h2, h3, h4, p, table, dl { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { font-size: 1.25rem; margin-bottom: 0.75rem; }
h3 { font-size: 1.0625rem; margin: 2.25rem 0 0.75rem; }
h4 { font-size: 1rem; }
a { color: var(--accent); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--surface); }
.skip:focus { top: 1rem; }
.top, main { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: end; gap: 1rem 2rem; padding-top: 2rem; padding-bottom: 1.25rem; }
.identity { min-width: 0; }
.product { color: var(--accent); font-size: 0.8125rem; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; }
.facts { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin-top: 0.25rem; color: var(--soft); font-size: 0.875rem; }
.facts strong { color: var(--ink); }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem; margin: 0 -0.75rem; }
nav a { padding: 0.375rem 0.75rem; border-radius: 6px; color: var(--soft); text-decoration: none; }
nav a:hover { color: var(--ink); text-decoration: underline; }
nav a[aria-current] { background: var(--accent-wash); color: var(--accent); font-weight: 600; }
main { padding-bottom: 4rem; }
.statement { padding: 1rem 1.25rem; border: 1px solid var(--line); border-left: 6px solid var(--edge); border-radius: 10px; background: var(--surface); font-size: 1.25rem; font-weight: 600; line-height: 1.35; }
.statement.drifted { border-left-color: var(--bad); background: var(--bad-wash); }
.statement.steady { border-left-color: var(--good); }
.statement.notAvailable { font-size: 1.0625rem; font-weight: 400; }
.lead { max-width: 52rem; margin-top: 1rem; color: var(--soft); }
.soft { color: var(--soft); font-size: 0.875rem; font-weight: 400; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
th, td { padding: 0.4375rem 1rem; text-align: left; font-weight: 400; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-size: 0.8125rem; vertical-align: bottom; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.overview thead th { white-space: nowrap; }
.verdict { white-space: nowrap; color: var(--soft); }
.verdict.drifted { color: var(--bad); font-weight: 600; }
.verdict.steady { color: var(--good); }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1.25rem; margin-bottom: 0.75rem; color: var(--soft); font-size: 0.875rem; }
.key { display: inline-block; width: 1.5rem; height: 0.5rem; margin-right: 0.5rem; }
.key.now { background: var(--now); }
.key.moved { background: var(--bad); }
.key.before { background: var(--before); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1rem; align-items: start; }
.card { padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); min-width: 0; }
.card.drifted { border-color: var(--bad); }
.card:target { outline: 3px solid var(--accent); outline-offset: 2px; }
.picture { display: block; width: 100%; height: auto; margin: 0.75rem 0 0.5rem; overflow: visible; }
.picture .axis { stroke: var(--edge); stroke-width: 1; }
.picture rect.before { fill: var(--before); }
.picture rect.now { fill: var(--now); }
.drifted .picture rect.now { fill: var(--bad); }
.picture text { fill: var(--ink); font-size: 12px; }
.picture text.before, .picture text.now { fill: var(--soft); font-size: 10.5px; font-variant-numeric: tabular-nums; }
.picture text.now { fill: var(--ink); }
details { margin: 0 -1.25rem -1rem; border-top: 1px solid var(--line); }
summary { padding: 0.625rem 1.25rem; cursor: pointer; color: var(--soft); font-size: 0.875rem; }
details table { font-size: 0.875rem; }
details th, details td { padding: 0.25rem 1.25rem; }
details p { padding: 0.5rem 1.25rem 1rem; }
.reasons { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.5rem 1.5rem; }
.reasons dt { font-weight: 600; }
.reasons dd { margin: 0; color: var(--soft); }
@media (max-width: 40rem) { .reasons { grid-template-columns: 1fr; gap: 0 0; } .reasons dd { margin-bottom: 0.75rem; } }
@media (forced-colors: active) { .picture rect, .key { forced-color-adjust: none; } }
`;
