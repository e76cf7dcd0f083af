/* The page's own words, numbers and times in its reader's language: the one chosen, else the one that the browser wishes. */
(() => {
  const { languages, texts } = TEXTS;
  const COOKIE = 'assistant_language', KEPT_S = 400 * 24 * 3600, DRAFT = 'assistant-draft', WAIT_MS = 5000;
  const root = document.documentElement;
  const keep = (code, age) => { document.cookie = `${COOKIE}=${code}; Path=/; SameSite=Lax${age}`; };
  const chosen = (document.cookie.match(/(?:^|;\s*)assistant_language=([a-z]{2})/) || [])[1];
  const wished = [chosen || '', ...navigator.languages].map((one) => one.split('-')[0].toLowerCase());
  const language = wished.find((one) => languages.includes(one)) || 'en';
  root.lang = window.assistantLanguage = language;
  /* Gradio writes its own there, whenever it comes to it. */
  new MutationObserver(() => { if (root.lang !== language) root.lang = language; })
    .observe(root, { attributeFilter: ['lang'] });
  if (chosen !== language) keep(language, '');  /* the server follows the page */
  const number = (n) => new Intl.NumberFormat(language).format(n);
  const rules = new Intl.PluralRules(language);
  window.assistantSay = (said, values = {}) => {
    const [one, several] = ((texts[language] || {})[said] || said).split('|');
    const text = several !== undefined && rules.select(values.n) !== 'one' ? several : one;
    return text.replace(/\{(\w+)\}/g, (place, name) => {
      const value = values[name];
      return value === undefined ? place : typeof value === 'number' ? number(value) : value;
    });
  };
  /* Texts and attributes that an element names -> in the language. */
  window.assistantTell = (element) => {
    element.querySelectorAll('[data-say]').forEach((one) => { one.textContent = assistantSay(one.dataset.say); });
    for (const name of ['aria-label', 'placeholder', 'title'])
      element.querySelectorAll(`[data-say-${name}]`).forEach(
        (one) => one.setAttribute(name, assistantSay(one.getAttribute(`data-say-${name}`))));
  };
  const clock = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' });
  window.assistantTimes = (element) => element.querySelectorAll('time[datetime]').forEach((one) => {
    const when = new Date(one.dateTime);
    if (!Number.isNaN(when.getTime())) one.textContent = clock.format(when);
  });
  const field = () => document.querySelector('#question textarea');
  window.assistantSpeak = (code) => {
    keep(code, `; Max-Age=${KEPT_S}`);
    try { sessionStorage.setItem(DRAFT, field().value); } catch { /* private, or nothing is there */ }
    location.reload();
  };
  /* Gradio draws its buttons in English first, and what was typed comes back once there is a field. */
  const NEW = assistantSay('New conversation');
  const isSaid = () => (document.querySelector('#new') || { textContent: '' }).textContent.trim() === NEW;
  const takeDraft = () => {
    let draft = null;
    try { draft = sessionStorage.getItem(DRAFT); } catch { return; }
    if (draft === null || !field()) return;
    sessionStorage.removeItem(DRAFT);
    field().value ||= draft;
    field().dispatchEvent(new Event('input', { bubbles: true }));
  };
  root.classList.toggle('unsaid', language !== 'en');
  const seen = new MutationObserver(() => {
    takeDraft();
    if (isSaid()) { root.classList.remove('unsaid'); seen.disconnect(); }
  });
  seen.observe(root, { childList: true, subtree: true, characterData: true });
  setTimeout(() => { root.classList.remove('unsaid'); seen.disconnect(); }, WAIT_MS);
})();
