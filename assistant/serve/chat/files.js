/* The documents: tick to ask only some, find one by name, add files. */
element.setAttribute('role', 'region');
element.setAttribute('aria-label', 'Source and documents');
element.addEventListener('change', (event) => {
  const box = event.target.closest('input[data-only]');
  if (box) trigger('act', { act: 'only', id: box.dataset.only, checked: box.checked });
  if (event.target.matches('.drop input[type=file]')) add([...event.target.files]);
});
element.addEventListener('input', (event) => {
  if (!event.target.matches('.narrow')) return;
  const words = event.target.value.toLowerCase().split(/\s+/);
  element.querySelectorAll('.documents li').forEach((item) => {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  });
});
const drop = () => element.querySelector('.drop');
element.addEventListener('dragover', (event) => {
  if (!drop() || !event.dataTransfer.types.includes('Files')) return;
  event.preventDefault();
  drop().classList.add('over');
});
element.addEventListener('dragleave', () => drop() && drop().classList.remove('over'));
element.addEventListener('drop', (event) => {
  if (!drop()) return;
  event.preventDefault();
  drop().classList.remove('over');
  add([...event.dataTransfer.files]);
});
const say = (text, isNotice) => {
  const line = Object.assign(document.createElement('p'), { textContent: text });
  line.className = isNotice ? 'notice' : 'facts';
  element.querySelector('.uploads').append(line);
};
const add = async (files) => {
  const input = element.querySelector('.drop input[type=file]');
  const most = Number(input.dataset.maxBytes);
  let added = 0;
  element.querySelector('.uploads').replaceChildren();
  for (const [at, file] of files.entries()) {
    element.querySelector('.drop span').textContent = `Adding ${at + 1} of ${files.length}`;
    if (file.size > most) { say(`${file.name}: larger than ${most.toLocaleString()} bytes`, true); continue; }
    try {
      const reply = await fetch(`/api/documents?name=${encodeURIComponent(file.name)}`,
        { method: 'POST', body: await file.arrayBuffer() });
      const told = await reply.json();
      if (reply.status === 201) added += 1;
      else say(reply.ok ? `${file.name} is there already` : `${file.name}: ${told.error.message}`, !reply.ok);
    } catch { say(`${file.name}: the server cannot be reached`, true); }
  }
  element.querySelector('.drop span').textContent = 'Add files';
  input.value = '';
  if (added) {
    const said = element.querySelector('.uploads').innerHTML ? 1 : 0;
    if (!said) trigger('sync', {});
    else setTimeout(() => trigger('sync', {}), 4000);  /* what was refused can be read first */
  }
};
