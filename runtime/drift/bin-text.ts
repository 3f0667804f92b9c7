/** What no category may be called in a label: other bins have these names. */
const SPECIAL = new Set(['other', 'missing', 'under', 'over']);
const MAX_TEXT = 64;

/** A text for each bin between two edges: `350 to 521`, `4`; a range goes up to its second number, not including it. */
export function rangeTexts(edges: readonly number[], integer: boolean): readonly string[] {
  return (integer ? integerTexts(edges) : undefined) ?? decimalTexts(edges);
}

/** Edges half a unit away from any whole number: the bins are told by the numbers in them. */
function integerTexts(edges: readonly number[]): readonly string[] | undefined {
  if (!edges.every((edge) => Number.isSafeInteger(edge + 0.5))) return undefined;
  return ranges(edges).map(([from, to]) =>
    to - from === 1 ? `${from + 0.5}` : `${from + 0.5} to ${to - 0.5}`,
  );
}

/** As few digits, six or more, as keep all edges apart. */
function decimalTexts(edges: readonly number[]): readonly string[] {
  for (let digits = 6; digits < 17; digits++) {
    const texts = edges.map((edge) => String(Number(edge.toPrecision(digits))));
    if (new Set(texts).size === edges.length) return joined(texts);
  }
  return joined(edges.map(String));
}

function joined(texts: readonly string[]): readonly string[] {
  return texts.slice(1).map((to, index) => `${texts[index]} to ${to}`);
}

function ranges(edges: readonly number[]): readonly (readonly [number, number])[] {
  return edges.slice(1).map((to, index) => [edges[index] ?? to, to]);
}

/** A text for each category: itself, unless that is long or means another bin; all differ. */
export function categoryTexts(categories: readonly string[]): readonly string[] {
  return categories.map((category, index) => {
    if (category.length > MAX_TEXT) return `${category.slice(0, MAX_TEXT - 8)}... #${index}`;
    return SPECIAL.has(category) ? JSON.stringify(category) : category;
  });
}
