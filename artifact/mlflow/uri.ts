import { FailureError } from '#contract/failure.ts';

/** What a `models:/` URI names: one version of a registered model, or whichever an alias stands for. */
export type RegistryReference =
  | { readonly name: string; readonly by: 'version'; readonly version: string }
  | { readonly name: string; readonly by: 'alias'; readonly alias: string };

const SCHEME = 'models:/';
/** MLflow forbids `/` and `:` in names; `@` begins an alias, and the others would have to be escaped. */
const NAME = String.raw`[^\s/:@?#%\\]+(?: [^\s/:@?#%\\]+)*`;
const REFERENCE = new RegExp(
  `^models:/(?<name>${NAME})(?:/(?<version>[1-9][0-9]{0,9})|@(?<alias>[A-Za-z0-9_-]{1,255}))$`,
);

export function isRegistryUri(uri: string): boolean {
  return uri.startsWith(SCHEME);
}

/** Parses `models:/NAME/VERSION` or `models:/NAME@alias`. Throws a FailureError that says what the URI should look like. */
export function parseRegistryUri(uri: string): RegistryReference {
  const { name, version, alias } = REFERENCE.exec(uri)?.groups ?? {};
  if (name !== undefined && version !== undefined) return { name, by: 'version', version };
  if (name !== undefined && alias !== undefined) return { name, by: 'alias', alias };
  throw new FailureError(
    'NotFound',
    `spec.model.uri "${uri.slice(0, 300)}" is not of the form models:/NAME/VERSION, with a whole number, or models:/NAME@ALIAS. ` +
      'Stages and "latest" are not followed: set an alias for the version in MLflow.',
  );
}

export function describeReference(reference: RegistryReference): string {
  return reference.by === 'alias'
    ? `${SCHEME}${reference.name}@${reference.alias}`
    : `${SCHEME}${reference.name}/${reference.version}`;
}
