import { curlCommand, enableCopying, jsonPost, pageData, serverUrl } from './shared.js';

for (const { id, path, body } of pageData().commands) {
  const command = body === undefined ? curlCommand(serverUrl(path || './'), []) : jsonPost(path, body);
  document.getElementById(`${id}-curl`).textContent = command;
  document.querySelector(`[data-curl="${CSS.escape(id)}"]`).hidden = false;
}
enableCopying();
