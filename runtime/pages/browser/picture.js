/** A picture may be chosen, dropped on its field, or pasted anywhere on the page; it is shown before it is sent. */
export function takeDrops(box) {
  const input = box.querySelector('input[type=file]');
  const target = box.querySelector('[data-drop]');
  const take = (files) => {
    const picture = [...files].find(({ type }) => type.startsWith('image/'));
    if (picture === undefined) return;
    const chosen = new DataTransfer();
    chosen.items.add(picture);
    input.files = chosen.files;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const over = (event) => {
    event.preventDefault();
    target.classList.add('over');
  };
  target.addEventListener('dragover', over);
  target.addEventListener('dragenter', over);
  target.addEventListener('dragleave', () => target.classList.remove('over'));
  target.addEventListener('drop', (event) => {
    event.preventDefault();
    target.classList.remove('over');
    take(event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => take(event.clipboardData.files));
  input.addEventListener('input', () => {
    preview(target.querySelector('img'), input.files[0]);
  });
}

let shownUrl;

function preview(image, picture) {
  if (shownUrl !== undefined) URL.revokeObjectURL(shownUrl);
  shownUrl = picture === undefined ? undefined : URL.createObjectURL(picture);
  image.hidden = true;
  if (shownUrl === undefined) return;
  image.addEventListener('load', () => (image.hidden = false), { once: true });
  image.alt = `The picture ${picture.name}`;
  image.src = shownUrl;
}
