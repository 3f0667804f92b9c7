/** Apart from the rest of this room, so that reading a command line loads none of it. */
export interface DriftSettings {
  readonly windowSeconds: number;
  /** Rows in the window before anything is judged. */
  readonly minSamples: number;
  /** Population stability index above which a feature has drifted. */
  readonly threshold: number;
}

export const DRIFT_DEFAULTS: DriftSettings = { windowSeconds: 3600, minSamples: 1000, threshold: 0.2 };

/** With fewer rows chance alone moves a feature: no setting may ask for less. */
export const FEWEST_SAMPLES = 200;
