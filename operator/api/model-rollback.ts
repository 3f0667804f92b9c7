import { z } from 'zod';
import { conditionSchema, cel, nameReferenceSchema } from './schema.ts';

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
    reason: z.string().max(1024).optional(),
    requestedBy: z.string().max(256).optional(),
  })
  .meta(cel({ rule: 'self == oldSelf', message: 'a ModelRollback is immutable: create another one' }));
export type ModelRollbackSpec = Readonly<z.infer<typeof modelRollbackSpecSchema>>;

export const modelRollbackStatusSchema = z.strictObject({
  state: z.enum(['Active', 'Superseded', 'Invalid']).optional(),
  message: z.string().max(2048).optional(),
  modelDeploymentUid: z.string().max(64).optional().describe('The ModelDeployment that it is bound to.'),
  toRevision: z.string().max(253).optional().describe('The ModelRevision that serves while it is active.'),
  fromRevision: z.string().max(253).optional().describe('The ModelRevision that was undone.'),
  fromSpecHash: z.string().max(128).optional(),
  since: z.iso.datetime().optional(),
  conditions: z.array(conditionSchema).max(8).optional(),
});
export type ModelRollbackStatus = Readonly<z.infer<typeof modelRollbackStatusSchema>>;
