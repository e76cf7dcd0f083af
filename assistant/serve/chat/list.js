/* The list of conversations: rename in place. */
element.setAttribute('role', 'navigation');
element.setAttribute('aria-label', 'Conversations');
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-rename]');
  if (!button) return;
  const item = button.closest('li');
  const link = item.querySelector('a');
  const field = Object.assign(document.createElement('input'),
    { type: 'text', value: button.dataset.rename, maxLength: 120 });
  field.setAttribute('aria-label', 'New title');
  item.querySelector('details').open = false;
  link.hidden = true;
  link.after(field);
  field.select();
  let done = false;
  const finish = (title) => {
    if (done) return;
    done = true;
    field.remove();
    link.hidden = false;
    if (title) trigger('act', { act: 'rename', id: item.dataset.id, title });
    link.focus();
  };
  field.addEventListener('keydown', (pressed) => {
    if (pressed.key === 'Enter') finish(field.value.trim());
    if (pressed.key === 'Escape') { pressed.preventDefault(); finish(''); }
  });
  field.addEventListener('blur', () => finish(''));
});
element.addEventListener('keydown', (event) => {
  const menu = event.target.closest('details[open]');
  if (event.key !== 'Escape' || !menu) return;
  event.preventDefault();
  menu.open = false;
  menu.querySelector('summary').focus();
});
document.addEventListener('click', (event) => {
  element.querySelectorAll('details[open]').forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
