import type { ModelDeployment, ObjectMeta, OwnerReference } from '#operator/api/objects.ts';
import { API_VERSION, LABEL } from '#contract/names.ts';

/** Whose children these are, and where: what every pure builder needs of the ModelDeployment. */
export interface Owner {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export function ownerOf(modelDeployment: ModelDeployment): Owner {
  const { name, namespace = '', uid = '' } = modelDeployment.metadata;
  return { name, namespace, uid };
}

export function controllerReference(owner: Owner): OwnerReference {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    name: owner.name,
    uid: owner.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Metadata of a child: named, labelled and owned. */
export function childMetadata(
  owner: Owner,
  name: string,
  more: {
    readonly revision?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  } = {},
): ObjectMeta {
  return {
    name,
    namespace: owner.namespace,
    labels: {
      'app.kubernetes.io/managed-by': 'windlass',
      [LABEL.modelDeployment]: owner.name,
      ...(more.revision === undefined ? {} : { [LABEL.revision]: more.revision }),
    },
    ...(more.annotations === undefined ? {} : { annotations: more.annotations }),
    ownerReferences: [controllerReference(owner)],
  };
}

/** Ours by the controller's UID: a name or a label proves nothing. */
export function isControlledBy(metadata: ObjectMeta, uid: string): boolean {
  return (
    metadata.ownerReferences?.some((reference) => reference.controller === true && reference.uid === uid) ??
    false
  );
}

/** Whether the garbage collector is about to take it: it belongs to an earlier ModelDeployment of that name. */
export function belongsToPredecessor(metadata: ObjectMeta, owner: Owner): boolean {
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return (
    controller?.kind === 'ModelDeployment' && controller.name === owner.name && controller.uid !== owner.uid
  );
}

export function revisionLabel(metadata: ObjectMeta): string | undefined {
  return metadata.labels?.[LABEL.revision];
}

/** A Job that trains a new model. */
export function isRetraining(metadata: ObjectMeta): boolean {
  return metadata.labels?.[LABEL.retraining] !== undefined;
}
