/* The two panels beside the conversation: shown and hidden, and closed by Back, Escape or a tap outside. */
assistantTell(element);
const speaking = element.querySelector('#language');
speaking.value = assistantLanguage;
speaking.parentElement.dataset.code = speaking.value.toUpperCase();
speaking.addEventListener('change', () => assistantSpeak(speaking.value));
const narrow = window.matchMedia('(max-width: 64rem)');
const body = document.body.classList;
const toggles = { nav: element.querySelector('#toggle-nav'), side: element.querySelector('#toggle-side') };
const isOpen = (name) => body.contains(`${name}-open`);
const tell = () => {
  toggles.side.setAttribute('aria-expanded', String(!narrow.matches || isOpen('side')));
  toggles.nav.setAttribute('aria-expanded', String(narrow.matches ? isOpen('nav') : !body.contains('nav-shut')));
};
/* An open panel has an entry in the browser's history, which Back leaves. */
const open = (name) => {
  body.remove('nav-open', 'side-open');
  body.add(`${name}-open`);
  const change = history.state && history.state.panel ? 'replaceState' : 'pushState';
  history[change]({ panel: name }, '', location.href);
  tell();
};
const close = () => {
  body.remove('nav-open', 'side-open');
  if (history.state && history.state.panel) history.back();
  tell();
};
const leaveSource = () => {
  const link = document.querySelector('#side .source a.close');
  if (link) link.click(); else close();
};
const show = (name) => { if (narrow.matches && !isOpen(name)) open(name); };
window.assistantPanels = { open, close, show };
toggles.nav.addEventListener('click', () => {
  if (!narrow.matches) body.toggle('nav-shut');
  else if (isOpen('nav')) close();
  else open('nav');
  tell();
});
toggles.side.addEventListener('click', () => {
  if (isOpen('side')) return close();
  open('side');
  const title = document.querySelector('#side h2');
  if (title) title.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented) return;
  if (isOpen('nav')) { close(); toggles.nav.focus(); }
  else if (isOpen('side') && (narrow.matches || event.target.closest('#side'))) leaveSource();
});
document.addEventListener('click', (event) => {
  const chosen = event.target.closest('#new, .conversations a[href^="#open-"]');
  if (chosen && isOpen('nav')) {
    /* Another conversation takes the entry of the panel; the same one leaves it. */
    const id = (chosen.getAttribute('href') || '').slice('#open-'.length);
    if (id === location.hash.slice(1)) close(); else body.remove('nav-open');
  } else if (narrow.matches && [document.body, document.documentElement].includes(event.target)) {
    if (isOpen('side')) leaveSource(); else if (isOpen('nav')) close();
  }
  tell();
});
window.addEventListener('popstate', () => {
  if (history.state && history.state.panel) return body.add(`${history.state.panel}-open`), tell();
  const wasBeside = isOpen('side');
  body.remove('nav-open', 'side-open');
  const link = document.querySelector('#side .source a.close');
  if (wasBeside && link) link.click();
  tell();
});
narrow.addEventListener('change', tell);
/* A reload begins with both closed. */
if (history.state && history.state.panel) history.replaceState(null, '', location.href);
tell();
