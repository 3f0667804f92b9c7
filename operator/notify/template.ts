import { NOTIFICATION_FIELDS, type Notification } from './notification.ts';

/** A template that was checked: it gives a JSON body whatever the fields say. */
export type Template = (notification: Notification) => string;

/** Makes a field's text harmless for whoever shows it, before it is escaped for JSON. */
type Escape = (text: string) => string;

const asIs: Escape = (text) => text;
/** Slack reads &, < and > as markup: without this, the reason of a rollback could call a whole channel. */
const forSlack: Escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const MOST_CHARACTERS = 64 * 1024;

/** `{{field}}` in JSON strings; nothing else has a meaning. Throws what is wrong with the text. */
export function compileTemplate(text: string, escape: Escape = asIs): Template {
  if (text.length > MOST_CHARACTERS) {
    throw new Error(`the template has ${text.length} characters, of at most ${MOST_CHARACTERS}`);
  }
  const parts = text.split(/\{\{\s*([^{}]*?)\s*\}\}/);
  const fields = parts.filter((_, index) => index % 2 === 1);
  for (const field of fields) {
    if (!isField(field)) {
      throw new Error(
        `the template names {{${field}}}, which is no field; there are ${NOTIFICATION_FIELDS.join(', ')}`,
      );
    }
  }
  const template: Template = (notification) =>
    parts
      .map((part, index) => (index % 2 === 1 && isField(part) ? inString(escape(notification[part])) : part))
      .join('');
  try {
    JSON.parse(template(SAMPLE));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the template gives no JSON once its fields are filled in (${why}); fields belong inside of strings: "text": "{{message}}"`,
      { cause: error },
    );
  }
  return template;
}

function isField(name: string): name is keyof Notification {
  return NOTIFICATION_FIELDS.some((field) => field === name);
}

function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** With what breaks a field that stands outside of a string. */
const SAMPLE: Notification = {
  kind: 'undone',
  namespace: 'a b',
  name: 'a b',
  revision: 'a b',
  number: 'a b',
  from: 'a b',
  to: 'a b',
  reason: 'a b',
  message: 'a "b"\n\\',
  time: 'a b',
  command: 'a b',
};

// Below what they are compiled with.
const JSON_BODY = `{${NOTIFICATION_FIELDS.map((field) => `"${field}":"{{${field}}}"`).join(',')}}`;
const SLACK_BODY = JSON.stringify({
  text: '*{{namespace}}/{{name}}* {{kind}} ({{reason}})\n{{message}}\n`{{command}}`',
});
/** What a Teams workflow "when a webhook request is received" posts. */
const TEAMS_BODY = JSON.stringify({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          {
            type: 'TextBlock',
            weight: 'Bolder',
            wrap: true,
            text: '{{namespace}}/{{name}} {{kind}} ({{reason}})',
          },
          { type: 'TextBlock', wrap: true, text: '{{message}}' },
          { type: 'TextBlock', fontType: 'Monospace', wrap: true, text: '{{command}}' },
        ],
      },
    },
  ],
});

const BUILT_IN: ReadonlyMap<string, Template> = new Map([
  ['json', compileTemplate(JSON_BODY)],
  ['slack', compileTemplate(SLACK_BODY, forSlack)],
  ['teams', compileTemplate(TEAMS_BODY)],
]);

/** The template of that name, where it comes with the operator; every other name is a file's. */
export function builtInTemplate(name: string): Template | undefined {
  return BUILT_IN.get(name);
}
