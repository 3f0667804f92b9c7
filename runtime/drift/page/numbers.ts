/** `12.3 %`; what is not nothing is never shown as nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  return `${(share * 100).toFixed(1)} %`;
}

/** A stability index as people compare it: `0.213`. */
export function index(psi: number | null): string {
  if (psi === null) return 'none yet';
  return psi > 0 && psi < 0.0005 ? '< 0.001' : psi.toFixed(3);
}

/** `12,345`. */
export function count(rows: number): string {
  return rows.toLocaleString('en-US');
}
