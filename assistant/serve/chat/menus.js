/* Menus of listed things: rename in place, close by Escape and by a click elsewhere. */
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-rename]');
  if (!button) return;
  const item = button.closest('li');
  const shown = item.querySelector('.row-name, a, .name');
  const field = Object.assign(document.createElement('input'),
    { type: 'text', className: 'new-name', value: button.dataset.rename, maxLength: 120 });
  field.setAttribute('aria-label', 'New name');
  item.querySelector('details').open = false;
  shown.hidden = true;
  shown.after(field);
  field.focus();
  const suffix = item.querySelector('.row-name') ? field.value.lastIndexOf('.') : -1;
  field.setSelectionRange(0, suffix > 0 ? suffix : field.value.length);
  let done = false;
  const finish = (title) => {
    if (done) return;
    done = true;
    field.remove();
    shown.hidden = false;
    if (title && title !== button.dataset.rename)
      element.dispatchEvent(new CustomEvent('rename', { detail: { id: item.dataset.id, title } }));
    item.querySelector('summary').focus();
  };
  field.addEventListener('keydown', (pressed) => {
    if (pressed.key === 'Enter') finish(field.value.trim());
    if (pressed.key === 'Escape') { pressed.preventDefault(); finish(''); }
  });
  field.addEventListener('blur', () => finish(''));
});
element.addEventListener('keydown', (event) => {
  const menu = event.target.closest('details.menu[open]');
  if (event.key !== 'Escape' || !menu) return;
  event.preventDefault();
  menu.open = false;
  menu.querySelector('summary').focus();
});
document.addEventListener('click', (event) => {
  element.querySelectorAll('details.menu[open]').forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
