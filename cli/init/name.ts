import { CliError, EXIT } from '../exit.ts';

/** What a ModelDeployment may be called (operator/api/crds.ts). */
const NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const MOST = 52;

/** The name that was asked for, or one made from the model's: `House Prices` becomes house-prices. */
export function deploymentName(asked: string | undefined, model: string): string {
  const name =
    asked ??
    model
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, MOST)
      .replace(/-+$/, '');
  if (NAME.test(name) && name.length <= MOST) return name;
  const what =
    asked === undefined
      ? `no name can be made from the model's, "${model}"`
      : `"${asked}" cannot be the name`;
  throw new CliError(
    `${what}: a ModelDeployment's name begins with a lower-case letter, has lower-case letters, digits and "-" alone, and at most ${MOST} characters`,
    { exitCode: EXIT.usage, hint: 'give one with --name' },
  );
}
