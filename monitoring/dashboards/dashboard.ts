import {
  DashboardCursorSync,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type DashboardLink,
  type Panel,
  type RowPanel,
  type VariableModel,
} from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { DATASOURCE, type PlacedBySize } from './panel.ts';

export const UID = { fleet: 'windlass-fleet', model: 'windlass-model', rollout: 'windlass-rollout' } as const;
type Name = keyof typeof UID;

export interface Row {
  readonly title: string;
  readonly panels: readonly PlacedBySize[];
}

const GRID = 24;
/** Of Grafana 13; older ones read what they know. */
const SCHEMA_VERSION = 42;
const TITLES: Readonly<Record<Name, string>> = {
  fleet: 'Windlass / Fleet',
  model: 'Windlass / Model',
  rollout: 'Windlass / Rollout',
};

/** Panels from left to right, then further down; each row has a heading. */
function layOut(rows: readonly Row[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: GRID, h: 1 },
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const { panel, width, height } of inRow) {
      if (x + width > GRID) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      panels.push({ id: panels.length + 1, ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return panels;
}

const datasource: VariableModel = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  refresh: VariableRefresh.onDashboardLoad,
  hide: VariableHide.dontHide,
};

/** A variable whose choices are a label's values. */
export function labelVariable(
  name: string,
  label: string,
  query: string,
  several: 'one' | 'several' = 'one',
): VariableModel {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.alphabeticalAsc,
    ...(several === 'several' ? { multi: true, includeAll: true, allValue: '.*' } : {}),
  };
}

/** One ModelDeployment. */
export const oneModel: readonly VariableModel[] = [
  labelVariable('namespace', 'Namespace', 'label_values(windlass_modeldeployment_info, namespace)'),
  labelVariable('name', 'Model', 'label_values(windlass_modeldeployment_info{namespace="$namespace"}, name)'),
];
/** What those variables choose, as matchers. */
export const ONE_MODEL = 'namespace="$namespace",name="$name"';

const linkTo = (name: Name): DashboardLink => ({
  type: 'link',
  title: TITLES[name],
  tooltip: '',
  icon: 'dashboard',
  url: `/d/${UID[name]}`,
  tags: [],
  asDropdown: false,
  // The fleet's namespaces are several, and those of the others one: each chooses anew.
  includeVars: name !== 'fleet',
  keepTime: true,
  targetBlank: false,
});

/** Where a row of a table leads: the dashboard of the ModelDeployment that it names. */
export function rowLink(name: Exclude<Name, 'fleet'>): { readonly title: string; readonly url: string } {
  const variables = 'var-namespace=${__data.fields.Namespace}&var-name=${__data.fields.Model}';
  return {
    title: TITLES[name],
    url: `/d/${UID[name]}?\${datasource:queryparam}&${variables}&\${__url_time_range}`,
  };
}

export function dashboard(
  name: Name,
  description: string,
  variables: readonly VariableModel[],
  rows: readonly Row[],
): Dashboard {
  const others = (Object.keys(UID) as Name[]).filter((other) => other !== name);
  return {
    uid: UID[name],
    title: TITLES[name],
    description: `${description} docs/monitoring.md says what every metric means, docs/runbooks what to do about each alert.`,
    tags: ['windlass'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    timezone: 'browser',
    refresh: '30s',
    time: { from: name === 'rollout' ? 'now-1h' : 'now-6h', to: 'now' },
    links: others.map(linkTo),
    templating: { list: [datasource, ...variables] },
    panels: layOut(rows),
  };
}
