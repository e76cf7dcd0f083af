/* The list of conversations. */
element.setAttribute('role', 'navigation');
element.setAttribute('aria-label', 'Conversations');
element.addEventListener('rename', ({ detail }) => trigger('act', { act: 'rename', ...detail }));
