/* Menus of listed things, and their new names in place: both outlive that the list is drawn anew. */
const itemOf = (id) => element.querySelector(`li[data-id="${CSS.escape(id)}"]`);
let opened = null, renaming = null;
const shut = () => {
  opened = null;
  element.querySelectorAll('details.menu[open]').forEach((menu) => { menu.open = false; });
};
const rename = (id, text) => {
  const item = itemOf(id);
  if (!item) { renaming = null; return; }
  const button = item.querySelector('button[data-rename]');
  const shown = item.querySelector('.row-name') || item.querySelector('a');
  const field = Object.assign(document.createElement('input'),
    { type: 'text', className: 'new-name', value: text ?? button.dataset.rename, maxLength: 120 });
  field.setAttribute('aria-label', assistantSay('New name'));
  shown.hidden = true;
  shown.after(field);
  field.focus();
  const suffix = item.querySelector('.row-name') ? field.value.lastIndexOf('.') : -1;
  if (text === undefined) field.setSelectionRange(0, suffix > 0 ? suffix : field.value.length);
  renaming = { id, text: field.value, field };
  field.addEventListener('input', () => { renaming.text = field.value; });
  const finish = (title) => {
    if (!renaming || renaming.field !== field || !field.isConnected) return;
    renaming = null;
    field.remove();
    shown.hidden = false;
    if (title && title !== button.dataset.rename)
      element.dispatchEvent(new CustomEvent('rename', { detail: { id, title } }));
    item.querySelector('summary').focus();
  };
  field.addEventListener('keydown', (pressed) => {
    if (!['Enter', 'Escape'].includes(pressed.key)) return;
    pressed.preventDefault();  /* else it would press what gets the focus */
    finish(pressed.key === 'Enter' ? field.value.trim() : '');
  });
  field.addEventListener('blur', () => setTimeout(finish, 0, ''));
};
element.addEventListener('click', (event) => {
  const menu = event.target.closest('details.menu');
  if (!menu) return;
  const item = menu.closest('li'), id = item ? item.dataset.id : null;
  if (event.target.closest('summary')) {
    opened = menu.open ? null : id;
    return requestAnimationFrame(() => { if (menu.open) menu.querySelector('div').scrollIntoView({ block: 'nearest' }); });
  }
  if (event.target.closest('[data-confirm], [data-copy]')) return;
  shut();
  if (event.target.closest('button[data-rename]')) rename(id);
});
element.addEventListener('keydown', (event) => {
  const menu = event.target.closest('details.menu[open]');
  if (event.key !== 'Escape' || !menu) return;
  event.preventDefault();
  shut();
  menu.querySelector('summary').focus();
});
document.addEventListener('click', (event) => {
  const menu = event.target.closest('details.menu');
  if (!menu || !element.contains(menu)) shut();
  else element.querySelectorAll('details.menu[open]').forEach((other) => { if (other !== menu) other.open = false; });
});
watch('value', () => {
  if (opened !== null && itemOf(opened)) itemOf(opened).querySelector('details').open = true;
  if (renaming && !renaming.field.isConnected) rename(renaming.id, renaming.text);
});
