/* The list of conversations. */
element.setAttribute('role', 'navigation');
element.setAttribute('aria-label', assistantSay('Conversations'));
/* The browser's tab is called as the conversation that it shows. */
const NAME = assistantSay('Ask your documents');
document.title = NAME;
watch('value', () => {
  const { open } = element.querySelector('.conversations').dataset;
  document.title = open ? `${open} · ${NAME}` : NAME;
});
element.addEventListener('rename', ({ detail }) => trigger('act', { act: 'rename', ...detail }));
