/* Until Gradio's page is there: a field to type and ask in, which is handed over to it. */
(() => {
  const shell = document.getElementById('shell'), field = shell.querySelector('textarea');
  const wait = shell.querySelector('.shell-wait');
  const SLOW_MS = 20000;
  let isAsked = false;
  assistantTell(document);
  document.body.classList.toggle('dark', window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.getElementById('late-styles').media = 'all';
  const ask = (event) => {
    event.preventDefault();
    isAsked = field.value.trim() !== '';
    if (isAsked) wait.textContent = assistantSay('Your question is asked as soon as the page is there.');
  };
  shell.querySelector('form').addEventListener('submit', ask);
  field.addEventListener('keydown', (event) => { if (event.key === 'Enter' && !event.shiftKey) ask(event); });
  field.addEventListener('input', () => { isAsked = false; });
  const fail = () => { wait.textContent = assistantSay('The page could not be loaded. Reload it.'); };
  addEventListener('error', (event) => { if (event.target instanceof HTMLScriptElement) fail(); }, true);
  const slow = setTimeout(() => { wait.textContent = assistantSay('It takes long: the connection or the server is slow.'); }, SLOW_MS);
  const handOver = () => {
    const real = document.querySelector('#question textarea'), button = document.querySelector('#ask');
    const styles = document.getElementById('page-styles');
    if (!real || !button || !document.querySelector('.masthead #toggle-nav')) return;
    seen.disconnect();
    clearTimeout(slow);
    document.head.append(styles);  /* behind Gradio's own, which they change */
    const { selectionStart, selectionEnd } = field, hadFocus = document.activeElement === field;
    if (field.value) {
      real.value = field.value;
      real.dispatchEvent(new Event('input', { bubbles: true }));
    }
    if (hadFocus) { real.focus(); real.setSelectionRange(selectionStart, selectionEnd); }
    shell.remove();
    document.getElementById('shell-styles').remove();
    if (isAsked) setTimeout(() => button.click());
  };
  const seen = new MutationObserver(handOver);
  seen.observe(document.body, { childList: true, subtree: true });
})();
