import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import type {
  Dashboard,
  Panel,
  RowPanel,
} from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';

// What dashboards and rules ask Prometheus, taken apart: which metrics, and which of their labels.

export interface Selected {
  readonly metric: string;
  /** Labels in its matchers; the text of those that are compared with `=` and hold no variable. */
  readonly matchers: readonly { readonly label: string; readonly equals: string | undefined }[];
}

/** Labels that an expression groups, joins or carries over by, and the metrics that they are of. */
export interface Grouped {
  readonly labels: readonly string[];
  readonly metrics: readonly string[];
}

export interface ParsedQuery {
  readonly selected: readonly Selected[];
  readonly grouped: readonly Grouped[];
}

/** Grafana fills these in before Prometheus sees a query. */
const MACROS: readonly (readonly [RegExp, string])[] = [
  [/\$__rate_interval/g, '5m'],
  [/\$__range/g, '1h'],
];

/** Throws where the text is no PromQL. */
export function parseQuery(text: string): ParsedQuery {
  const query = MACROS.reduce((sofar, [macro, value]) => sofar.replaceAll(macro, value), text);
  const of = (node: SyntaxNode): string => query.slice(node.from, node.to);
  const { topNode } = parser.parse(query);
  const broken = nodesOf(topNode).find((node) => node.type.isError);
  if (broken !== undefined) throw new Error(`no PromQL from character ${String(broken.from)} on: ${query}`);
  const select = (node: SyntaxNode): Selected => ({
    metric: of(childrenOf(node, 'Identifier')[0] ?? node),
    matchers: nodesOf(node, 'UnquotedLabelMatcher').map((matcher) => {
      const [label = ''] = nodesOf(matcher, 'LabelName').map(of);
      const value = nodesOf(matcher, 'StringLiteral').map(of).join('').slice(1, -1);
      const isEqual = nodesOf(matcher, 'EqlSingle').length > 0 && !value.includes('$');
      return { label, equals: isEqual ? value : undefined };
    }),
  });
  const grouped = nodesOf(topNode, 'GroupingLabels').map((node): Grouped => ({
    labels: nodesOf(node, 'LabelName').map(of),
    metrics: nodesOf(expressionOf(node), 'VectorSelector').map((selector) => select(selector).metric),
  }));
  return { selected: nodesOf(topNode, 'VectorSelector').map(select), grouped };
}

/** The aggregation or binary operation that a list of labels belongs to. */
function expressionOf(node: SyntaxNode): SyntaxNode {
  let at: SyntaxNode | null = node;
  while (at !== null && at.name !== 'AggregateExpr' && at.name !== 'BinaryExpr') at = at.parent;
  return at ?? node;
}

function childrenOf(node: SyntaxNode, name: string): readonly SyntaxNode[] {
  return node.getChildren(name);
}

/** A node and all below it, of a name or of all. */
function nodesOf(node: SyntaxNode, name?: string): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const cursor = node.cursor();
  do {
    if (name === undefined || cursor.name === name) found.push(cursor.node);
  } while (cursor.next() && cursor.from < node.to);
  return found.filter(({ from, to }) => from >= node.from && to <= node.to);
}

/** The panels of a dashboard, without the headings of its rows. */
export function panelsOf({ panels = [] }: Dashboard): readonly Panel[] {
  return panels.flatMap((panel) => (isRow(panel) ? panel.panels : [panel]));
}

function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}

export function queriesOf(panel: Panel): readonly string[] {
  return (panel.targets ?? []).flatMap(({ expr }) => (typeof expr === 'string' ? [expr] : []));
}

/** Variables ask as well: `label_values(metric{...}, label)`. */
export function variableQueries({ templating }: Dashboard): readonly { metric: string; label: string }[] {
  return (templating?.list ?? []).flatMap(({ query }) => {
    const text = typeof query === 'object' ? query['query'] : undefined;
    const [, metric, label] = /^label_values\((\w+)[^,]*(?:,[^,]*)?, (\w+)\)$/.exec(String(text)) ?? [];
    return metric === undefined || label === undefined ? [] : [{ metric, label }];
  });
}
