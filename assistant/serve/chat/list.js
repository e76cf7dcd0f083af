/* The list of conversations. */
element.setAttribute('role', 'navigation');
element.setAttribute('aria-label', assistantSay('Conversations'));
/* The browser's tab is called as the conversation that it shows. */
const NAME = assistantSay('Ask your documents');
document.title = NAME;
watch('value', () => {
  const current = element.querySelector('.current > a');
  if (current) document.title = `${current.textContent.trim()} · ${NAME}`;
  else if (!document.querySelector('#search :is(input, textarea)').value.trim()) document.title = NAME;
});
element.addEventListener('rename', ({ detail }) => trigger('act', { act: 'rename', ...detail }));
