import { z } from 'zod';
import { cel, durationSchema, durationRule } from './schema.ts';

/** What drift of a model means for the operator, which adds up what its pods counted. */
export const driftSettingsSchema = z
  .strictObject({
    maxPsi: z
      .number()
      .min(0.05)
      .max(10)
      .default(0.2)
      .describe('Population stability index above which a feature, or the prediction, has drifted.'),
    window: durationSchema
      .meta(
        cel(durationRule, {
          rule: "duration(self) >= duration('1m') && duration(self) <= duration('168h')",
          message: 'must be from 1m to 168h',
        }),
      )
      .default('1h')
      .describe(
        'How far back rows are compared, from 1m to 168h. A new stable revision begins a new window.',
      ),
    minSamples: z
      .int()
      .min(200)
      .max(1_000_000_000)
      .default(1000)
      .describe('Rows of all pods in the window below which nothing is said.'),
  })
  .describe(
    'Adds the pods’ counts up, compares them with the training data and keeps the condition Drifted. Absent: each pod says it of itself alone. No part of a revision.',
  );
export type DriftSettings = Readonly<z.infer<typeof driftSettingsSchema>>;

/** Most features that a status names. */
export const SHOWN_FEATURES = 20;

export const driftStatusSchema = z
  .strictObject({
    revision: z.string().max(253).describe('The stable ModelRevision that was compared.'),
    features: z
      .array(
        z
          .strictObject({
            name: z.string().max(253).describe('The input’s name, image.<property>, or prediction.'),
            psi: z.number().describe('Its index, written anew once it has moved by a fifth.'),
            limit: z
              .number()
              .optional()
              .describe('Its limit, where chance explains more than spec.drift.maxPsi.'),
          })
          .describe('A feature that moved.'),
      )
      .max(SHOWN_FEATURES)
      .describe(
        'Those that have drifted, the farthest first; where none has, the farthest alone. While Drifted is Unknown, those that had when it was known last.',
      ),
  })
  .describe('What the condition Drifted tells, for programs.');
export type DriftStatus = Readonly<z.infer<typeof driftStatusSchema>>;
