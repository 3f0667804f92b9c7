import { curlCommand, enableCopying, filePost, jsonPost, pageData, serverUrl } from './shared.js';

function commandOf({ path, body, files }) {
  if (files !== undefined) return filePost(path, files);
  return body === undefined ? curlCommand(serverUrl(path || './'), []) : jsonPost(path, body);
}

for (const command of pageData().commands) {
  document.getElementById(`${command.id}-curl`).textContent = commandOf(command);
  document.querySelector(`[data-curl="${CSS.escape(command.id)}"]`).hidden = false;
}
enableCopying();
