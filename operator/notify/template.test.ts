import { describe, expect, it } from 'vitest';
import type { Notification } from './notification.ts';
import { builtInTemplate, compileTemplate } from './template.ts';

const notification: Notification = {
  kind: 'undone',
  namespace: 'churn',
  name: 'bank',
  revision: 'bank-abcdefabcd',
  number: '4',
  from: 'bank-abcdefabcd',
  to: 'bank-0123456789',
  reason: 'Undone',
  message: 'errorRate is 12 %, <at most> 1 % & "falling"\n\u0000 {{name}}',
  time: '2026-01-01T00:00:00.000Z',
  command: 'kubectl windlass status bank --namespace churn',
};

const filled = (name: string): unknown => JSON.parse(builtInTemplate(name)?.(notification) ?? '');

describe('templates', () => {
  it('give every field as plain JSON by default', () => {
    expect(filled('json')).toEqual(notification);
  });

  it('give Slack a text whose message calls nobody', () => {
    expect(filled('slack')).toEqual({
      text: [
        '*churn/bank* undone (Undone)',
        'errorRate is 12 %, &lt;at most&gt; 1 % &amp; "falling"',
        '\u0000 {{name}}',
        '`kubectl windlass status bank --namespace churn`',
      ].join('\n'),
    });
  });

  it('give Teams an adaptive card', () => {
    expect(filled('teams')).toMatchObject({
      type: 'message',
      attachments: [{ content: { type: 'AdaptiveCard', body: [{}, { text: notification.message }, {}] } }],
    });
  });

  it('fill fields into strings, escaped, and what is filled in is not read again', () => {
    const template = compileTemplate(
      '{"summary": "{{ kind }}: {{message}}", "nested": {"of": ["{{name}}"]}}',
    );
    expect(JSON.parse(template(notification))).toEqual({
      summary: `undone: ${notification.message}`,
      nested: { of: ['bank'] },
    });
  });

  it.each([
    [
      'a field that does not exist',
      '{"text": "{{messsage}}"}',
      /\{\{messsage\}\}, which is no field; there are kind/,
    ],
    ['a field outside of a string', '{"text": {{message}}}', /gives no JSON .* inside of strings/],
    ['no JSON at all', 'hello', /gives no JSON/],
    ['logic', '{"text": "{{#if name}}"}', /which is no field/],
    ['more than it may be', `"${'x'.repeat(70_000)}"`, /70002 characters, of at most 65536/],
  ])('refuse %s', (_, text, message) => {
    expect(() => compileTemplate(text)).toThrow(message);
  });
});
