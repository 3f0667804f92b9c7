import { expect, it } from 'vitest';
import { CANDIDATE, contextOf, STABLE_REVISION } from './checks-testing.ts';
import { filledIn, queriesOf } from './queries.ts';

const context = contextOf(0, []);

it('fills in who is meant', () => {
  const query = 'a{r="$candidate"} / a{r="$stable"} + b{n="$namespace",m="$name"}';
  expect(filledIn(query, context)).toBe(
    `a{r="${CANDIDATE}"} / a{r="${STABLE_REVISION}"} + b{n="churn",m="bankchurn"}`,
  );
});

it('leaves alone what only begins like a variable', () => {
  expect(filledIn('$names $candidates $1 label_replace(x, "a", "$1", "b", "(.*)")', context)).toBe(
    '$names $candidates $1 label_replace(x, "a", "$1", "b", "(.*)")',
  );
});

it.each(['a"} or vector(0) #', "a'b", 'a`b', 'a\\', 'a\nb', '$candidate', '$&', 'a.*|.+', '{}()'])(
  'lets a name like %j end no string and begin nothing',
  (name) => {
    const filled = filledIn('x{n="$name"}', { ...context, name });
    expect(filled).toMatch(/^x\{n="[A-Za-z0-9._-]*"\}$/);
  },
);

it('asks each query once, and none about a stable revision that there is not', () => {
  const checks = ['up', 'up', 'x{r="$stable"}'].map((query) => ({ prometheus: { query, max: 1 } }));
  expect(queriesOf(checks, context)).toEqual(['up', `x{r="${STABLE_REVISION}"}`]);
  expect(queriesOf(checks, { ...context, stable: undefined })).toEqual(['up']);
});
