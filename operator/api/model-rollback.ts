import { z } from 'zod';
import { cel, conditionSchema, listMap, nameReferenceSchema } from './schema.ts';

export const modelRollbackSpecSchema = z
  .strictObject({
    modelDeployment: nameReferenceSchema.describe('The ModelDeployment to undo, in the same namespace.'),
    toRevision: z
      .union([z.int().positive(), z.string().min(1).max(253)])
      .optional()
      .meta({ 'x-kubernetes-int-or-string': true })
      .describe('A revision’s number or name. Absent: the stable revision before this one.'),
    fromSpecHash: z
      .string()
      .max(128)
      .optional()
      .describe('The hash of the spec to undo (status.specHash). Absent: the one found at first sight.'),
    reason: z.string().max(1024).optional().describe('Why, for those who look later.'),
    requestedBy: z.string().max(256).optional().describe('Who asked for it.'),
  })
  .meta(
    cel({
      rule: 'self == oldSelf',
      message: 'a ModelRollback is immutable: delete it, or create another one',
    }),
  )
  .describe('What to undo, and to what.');
export type ModelRollbackSpec = Readonly<z.infer<typeof modelRollbackSpecSchema>>;

export const modelRollbackStatusSchema = z
  .strictObject({
    state: z
      .enum(['Active', 'Superseded', 'Invalid'])
      .optional()
      .describe(
        'Active: holds, or waits while a newer one does. Superseded: ended for good by another spec. Invalid: cannot hold, see message.',
      ),
    message: z.string().max(2048).optional().describe('Why it is in this state, and what to do.'),
    modelDeploymentUid: z.string().max(64).optional().describe('The ModelDeployment that it is bound to.'),
    toRevision: z.string().max(253).optional().describe('The ModelRevision that serves while it holds.'),
    fromRevision: z.string().max(253).optional().describe('The ModelRevision that was undone.'),
    fromSpecHash: z.string().max(128).optional().describe('Hash of the spec that was undone.'),
    since: z.iso.datetime().optional().describe('When it came into this state.'),
    conditions: z
      .array(conditionSchema)
      .max(8)
      .meta(listMap('type'))
      .optional()
      .describe('The state as conditions, for kubectl wait.'),
  })
  .describe('What it came to.');
export type ModelRollbackStatus = Readonly<z.infer<typeof modelRollbackStatusSchema>>;
