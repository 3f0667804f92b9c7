import {
  FieldColorModeId,
  MappingType,
  ThresholdsMode,
  type DataTransformerConfig,
  type FieldConfig,
  type Panel,
  type Threshold,
  type ValueMapping,
} from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';

/** A panel before it has a place. Grafana's grid is 24 wide. */
export interface PlacedBySize {
  readonly width: number;
  readonly height: number;
  readonly panel: Panel;
}

export interface Query {
  readonly expr: string;
  /** `{{label}}` names a series; absent: Grafana does. */
  readonly legend?: string;
}

export interface PanelText {
  readonly title: string;
  /** What to make of it. */
  readonly description: string;
  /** Grafana's unit id: percentunit, s, bytes, reqps, short, ... */
  readonly unit?: string;
  readonly width?: number;
  readonly height?: number;
}

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

const GREEN = 'green';
/** From green over these limits. */
export type Limits = readonly (readonly [from: number, color: 'yellow' | 'orange' | 'red' | 'blue'])[];

const targets = (
  queries: readonly Query[],
  how: { readonly instant?: boolean; readonly format?: 'table' | 'heatmap' } = {},
): Record<string, unknown>[] =>
  queries.map(({ expr, legend }, index) => ({
    datasource: DATASOURCE,
    refId: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(index),
    expr,
    editorMode: 'code',
    range: how.instant !== true,
    instant: how.instant === true,
    format: how.format ?? 'time_series',
    legendFormat: legend ?? '__auto',
  }));

const steps = (limits: Limits): Threshold[] => [
  { color: GREEN, value: null },
  ...limits.map(([value, color]) => ({ color, value })),
];

const placed = (
  { title, description, width = 8, height = 8 }: PanelText,
  panel: Omit<Panel, 'title' | 'description'>,
): PlacedBySize => ({
  width,
  height,
  panel: { title, description, datasource: DATASOURCE, ...panel },
});

export interface TimeSeries extends PanelText {
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  readonly limits?: Limits;
  readonly max?: number;
}

export function timeSeries(text: TimeSeries): PlacedBySize {
  const { queries, unit = 'short', stacked = false, limits = [], max } = text;
  return placed(text, {
    type: 'timeseries',
    targets: targets(queries),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        color: { mode: FieldColorModeId.PaletteClassicByName },
        custom: {
          drawStyle: 'line',
          lineWidth: 1,
          fillOpacity: stacked ? 40 : 8,
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: limits.length === 0 ? 'off' : 'dashed' },
        },
        thresholds: { mode: ThresholdsMode.Absolute, steps: steps(limits) },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  });
}

export interface Stat extends PanelText {
  readonly query: Query;
  readonly limits?: Limits;
  /** Show the series' name, which is a word, instead of its value. */
  readonly word?: boolean;
}

export function stat(text: Stat): PlacedBySize {
  const { query, unit = 'short', limits = [], word = false } = text;
  return placed(
    { width: 4, height: 4, ...text },
    {
      type: 'stat',
      targets: targets([query], { instant: true }),
      fieldConfig: {
        defaults: {
          unit,
          noValue: '-',
          color: { mode: FieldColorModeId.Thresholds },
          thresholds: { mode: ThresholdsMode.Absolute, steps: steps(limits) },
        },
        overrides: [],
      },
      options: {
        colorMode: word ? 'none' : 'value',
        graphMode: 'none',
        textMode: word ? 'name' : 'value',
        justifyMode: 'auto',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      },
    },
  );
}

export interface Table extends PanelText {
  readonly query: Query;
  /** The labels to show, in this order, with their headings; all others are left out. */
  readonly columns: Readonly<Record<string, string>>;
  /** The heading of the value; absent: it is not shown. */
  readonly value?: string;
  /** Where a click on the name leads. */
  readonly link?: { readonly title: string; readonly url: string };
}

export function table(text: Table): PlacedBySize {
  const { query, columns, value, unit = 'short', link } = text;
  const names = Object.keys(columns);
  const shown = value === undefined ? names : [...names, 'Value'];
  const organize: DataTransformerConfig = {
    id: 'organize',
    options: {
      includeByName: Object.fromEntries(shown.map((name) => [name, true])),
      indexByName: Object.fromEntries(shown.map((name, index) => [name, index])),
      renameByName: value === undefined ? columns : { ...columns, Value: value },
    },
  };
  return placed(
    { width: 12, ...text },
    {
      type: 'table',
      targets: targets([query], { instant: true, format: 'table' }),
      transformations: [organize],
      fieldConfig: {
        defaults: {
          custom: { align: 'auto', filterable: true },
          ...(link === undefined ? {} : { links: [{ ...link, targetBlank: false }] }),
        } satisfies FieldConfig,
        overrides:
          value === undefined
            ? []
            : [{ matcher: { id: 'byName', options: value }, properties: [{ id: 'unit', value: unit }] }],
      },
      options: { showHeader: true, cellHeight: 'sm' },
    },
  );
}

/** Of a histogram's buckets, by `le`. */
export function heatmap(text: PanelText & { readonly query: Query }): PlacedBySize {
  return placed(
    { width: 12, ...text },
    {
      type: 'heatmap',
      targets: targets([text.query], { format: 'heatmap' }),
      fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'linear' } } }, overrides: [] },
      options: {
        calculate: false,
        cellGap: 1,
        color: { mode: 'scheme', scheme: 'Blues', steps: 64, exponent: 0.5, fill: 'dark-blue' },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: 'auto' },
        showValue: 'never',
        tooltip: { mode: 'single', yHistogram: true },
        yAxis: { axisPlacement: 'left', unit: text.unit ?? 'short' },
      },
    },
  );
}

export interface Word {
  readonly text: string;
  readonly color: 'green' | 'yellow' | 'red' | 'blue';
}

/** What something was, over time: each value is a word. */
export function timeline(
  text: PanelText & { readonly query: Query; readonly words: readonly Word[] },
): PlacedBySize {
  const mapping: ValueMapping = {
    type: MappingType.ValueToText,
    options: Object.fromEntries(text.words.map((word, value) => [String(value), { ...word, index: value }])),
  };
  return placed(
    { width: 24, ...text },
    {
      type: 'state-timeline',
      targets: targets([text.query]),
      fieldConfig: {
        defaults: {
          color: { mode: FieldColorModeId.Thresholds },
          custom: { fillOpacity: 70, lineWidth: 0 },
          mappings: [mapping],
        },
        overrides: [],
      },
      options: {
        alignValue: 'left',
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        mergeValues: true,
        rowHeight: 0.8,
        showValue: 'auto',
        tooltip: { mode: 'single' },
      },
    },
  );
}
