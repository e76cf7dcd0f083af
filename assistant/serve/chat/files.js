/* The documents: find and tick them, fold folders, add files from anywhere, remove and rename them. */
element.setAttribute('role', 'region');
element.setAttribute('aria-label', assistantSay('Source and documents'));
element.addEventListener('change', (event) => {
  const { only, onlyFolder } = event.target.dataset;
  const { checked } = event.target;
  if (only !== undefined) trigger('act', { act: 'only', id: only, checked });
  if (onlyFolder !== undefined) trigger('act', { act: 'only', folder: onlyFolder, checked });
  if (event.target.matches('.order')) trigger('act', { act: 'list', order: event.target.value });
  if (event.target.matches('.drop input[type=file]')) add([...event.target.files]);
});
let looking = 0;
element.addEventListener('input', (event) => {
  if (!event.target.matches('.narrow')) return;
  clearTimeout(looking);
  looking = setTimeout(() => trigger('act', { act: 'list', words: event.target.value }), 250);
});
/* What came of files stays until others are added: the list is drawn anew meanwhile. */
let said = [], waiting = null, focused = null;
const draw = () => {
  const lines = element.querySelector('.uploads');
  if (!lines || (said.length === lines.children.length && said.every((line) => line.parentElement === lines))) return;
  lines.replaceChildren(...said);
  if (focused && lines.contains(focused) && document.activeElement === document.body) focused.focus();
};
element.addEventListener('focusin', (event) => { focused = event.target; });
element.addEventListener('focusout', (event) => { if (event.relatedTarget) focused = null; });
const say = (text, isNotice, undo) => {
  const line = Object.assign(document.createElement('p'), { textContent: text });
  line.className = isNotice ? 'notice' : 'facts';
  if (undo) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'plain', textContent: assistantSay('Undo') });
    button.addEventListener('click', undo);
    line.append(' ', button);
  }
  said.push(line);
  draw();
};
const begin = () => {
  said = [];
  draw();
};
/* A change of the folder over HTTP -> what the server says of it, or null with a line that says why not. */
const change = async (name, address, options) => {
  try {
    const reply = await fetch(address, options);
    const told = await reply.json();
    if (reply.ok) return { ...told, status: reply.status };
    say(`${name}: ${told.error.message}`, true);
  } catch { say(assistantSay('{name}: the server cannot be reached', { name }), true); }
  return null;
};
const add = async (files) => {
  if (!drop()) {  /* a source is shown: the documents come first */
    waiting = files;
    window.assistantClicks = (window.assistantClicks || 0) + 1;
    return trigger('open', { reference: 'close', order: window.assistantClicks });
  }
  const most = Number(drop().querySelector('input').dataset.maxBytes);
  let added = 0;
  begin();
  for (const [at, file] of files.entries()) {
    const label = drop() && drop().querySelector('span');
    if (label) label.textContent = assistantSay('Adding {n} of {n_all}', { n: at + 1, n_all: files.length });
    if (file.size > most) { say(assistantSay('{name}: larger than {n} bytes', { name: file.name, n: most }), true); continue; }
    let body;
    try { body = await file.arrayBuffer(); } catch { say(assistantSay('{name}: it is a folder, or cannot be read', { name: file.name }), true); continue; }
    const told = await change(file.name, `api/documents?name=${encodeURIComponent(file.name)}`, { method: 'POST', body });
    if (told && told.status === 201) added += 1;
    else if (told) say(assistantSay('{name} is there already', { name: file.name }));
  }
  if (drop()) {
    drop().querySelector('span').textContent = assistantSay('Add files');
    drop().querySelector('input').value = '';
  }
  draw();
  if (window.assistantPanels) window.assistantPanels.show('side');
  if (added) trigger('sync', {});
};
const addressOf = (id) => `api/documents/${id.split('/').map(encodeURIComponent).join('/')}`;
const nameOf = (id) => id.split('/').pop();
const bringBack = async (name, key) => {
  begin();
  if (!await change(name, `api/trash/${key}`, { method: 'POST' })) return;
  say(assistantSay('Brought back {name}.', { name }));
  trigger('sync', {});
};
const remove = async (id) => {
  begin();
  const told = await change(nameOf(id), addressOf(id), { method: 'DELETE' });
  if (!told) return;
  say(assistantSay('Removed {name}.', { name: nameOf(id) }), false, () => bringBack(nameOf(id), told.key));
  trigger('sync', {});
};
element.addEventListener('rename', async ({ detail: { id, title } }) => {
  const suffix = nameOf(id).match(/\.[^.]*$/)[0];
  const name = title.toLowerCase().endsWith(suffix.toLowerCase()) ? title : title + suffix;
  begin();
  const told = await change(nameOf(id), addressOf(id),
    { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name }) });
  if (!told) return;
  say(assistantSay('Renamed {name} to {other}.', { name: nameOf(id), other: nameOf(told.document_id) }));
  trigger('sync', {});
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-remove]');
  if (button) remove(button.dataset.remove);
  const restorer = event.target.closest('button[data-restore]');
  if (restorer) bringBack(nameOf(restorer.dataset.name), restorer.dataset.restore);
});
/* What a person has done to a field stays with the field, whatever is drawn in its place. */
const tellFields = () => {
  element.querySelectorAll('.files input[type=checkbox]').forEach((box) => { box.checked = box.hasAttribute('checked'); });
  const order = element.querySelector('.order option[selected]');
  if (order) order.selected = true;
  const words = element.querySelector('.narrow');
  if (words && document.activeElement !== words) words.value = words.dataset.words;
};
/* The trash stays as it was unfolded. */
let isTrashOpen = false;
element.addEventListener('toggle', (event) => {
  if (event.target.matches('.trash') && event.target.isConnected) isTrashOpen = event.target.open;
}, true);
assistantTimes(element);
watch('value', () => {
  assistantTimes(element);
  const trash = element.querySelector('.trash');
  if (trash) trash.open = isTrashOpen;
  draw();
  tellFields();
  const files = waiting;
  if (!files || !drop()) return;
  waiting = null;
  add(files);
});
/* Files are dropped anywhere on the page; the browser would open them instead. */
const drop = () => element.querySelector('.drop');
const over = Object.assign(document.createElement('div'), { id: 'dropping', textContent: assistantSay('Drop files to add them to the documents') });
document.body.append(over);
const cover = (is) => document.body.classList.toggle('dropping', is);
const areFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
document.addEventListener('dragover', (event) => {
  if (!areFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
  cover(true);
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) cover(false); });
document.addEventListener('drop', (event) => {
  cover(false);
  if (!areFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.dataTransfer.files.length) add([...event.dataTransfer.files]);
}, true);
