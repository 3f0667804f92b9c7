/** What the server wrote for this page's script. */
export function pageData() {
  return JSON.parse(document.getElementById('page-data').textContent);
}

/** An element with attributes and children; text is text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Where this server is for whoever reads the page: behind a path prefix and a port-forward too. */
export function serverUrl(path) {
  return new URL(path, document.baseURI).href;
}

/** A word of a POSIX shell, quoted where it has to be. */
export function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command to paste into a shell. `options` are words of curl's, a line each. */
export function curlCommand(url, options) {
  return [`curl -s ${shellWord(url)}`, ...options.map((words) => `  ${words.map(shellWord).join(' ')}`)].join(
    ' \\\n',
  );
}

export function jsonPost(path, body) {
  return curlCommand(serverUrl(path), [
    ['-H', 'content-type: application/json'],
    ['--data-raw', body],
  ]);
}

/** A form with files in its part "file", by name: curl reads a name with special characters in quotes. */
export function filePost(path, names) {
  const parts = names.map((name) =>
    /^[^;,"\\]*$/.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return curlCommand(
    serverUrl(path),
    parts.map((name) => ['-F', `file=@${name}`]),
  );
}

/** A button with data-copy copies the text of the element of that id, and says that it did. */
export function enableCopying() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    const label = [...button.childNodes];
    const source = document.getElementById(button.dataset.copy);
    let timer;
    button.setAttribute('aria-live', 'polite');
    const show = (copied) => {
      button.textContent = copied ? 'Copied' : 'Selected: press Ctrl+C';
      clearTimeout(timer);
      timer = setTimeout(() => button.replaceChildren(...label), 2500);
    };
    button.addEventListener('click', () => void copy(source).then(show));
  }
}

/** Browsers give the clipboard to secure origins alone: elsewhere the text is selected instead. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return false;
  }
}
