/* What is clicked in a part of the page -> an event that the server handles. */
const EVENTS = ['open', 'ask', 'act', 'sync'];
element.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && element.contains(link)) {
    event.preventDefault();
    const reference = link.getAttribute('href').slice(1);
    if (reference === 'leave') return window.assistantPanels.close();
    if (/^(cite|read|doc)-/.test(reference)) {
      window.assistantOpener = { link, step: link.className };
      document.querySelectorAll('#conversation a[aria-current]').forEach(
        (other) => other.removeAttribute('aria-current'));
      const shown = document.querySelector(`#conversation a[href="#${CSS.escape(reference)}"]`);
      if (shown) shown.setAttribute('aria-current', 'true');
    }
    window.assistantClicks = (window.assistantClicks || 0) + 1;
    return trigger('open', { reference, order: window.assistantClicks });
  }
  const button = event.target.closest('button');
  if (!button || !element.contains(button)) return;
  const { copy, confirm, event: name, ...sent } = button.dataset;
  if (copy !== undefined) return copyAnswer(button, button.dataset);
  if (confirm && button.textContent !== confirm) {
    const before = button.textContent;
    button.textContent = confirm;
    button.addEventListener('blur', () => { button.textContent = before; }, { once: true });
    return;
  }
  if (sent.act === 'all')
    document.querySelectorAll('input:is([data-only], [data-only-folder])').forEach((box) => { box.checked = false; });
  const field = button.closest('.saying') && button.closest('.saying').querySelector('textarea');
  if (field) sent.text = field.value;
  if (EVENTS.includes(name)) trigger(name, { ...sent });
  if (sent.act === 'edit') document.querySelector('#question textarea').focus();
});
/* The answer is fetched in the form that is wanted: the page does not hold it twice. */
const copyAnswer = async (button, { turn, copy }) => {
  const before = button.textContent;
  const { conversation } = element.querySelector('.talk').dataset;
  try {
    const reply = await fetch(`conversations/${conversation}/${turn}?form=${copy}`);
    if (!reply.ok) throw new Error(reply.statusText);
    button.textContent = await copyText(await reply.text()) ? assistantSay('Copied') : assistantSay('Not copied');
  } catch { button.textContent = assistantSay('Not copied'); }
  setTimeout(() => { button.textContent = before; }, 1500);
};
const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  /* no clipboard outside of a secure context: the old way */
    const focused = document.activeElement;
    const area = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(area);
    area.select();
    const is = document.execCommand('copy');
    area.remove();
    if (focused) focused.focus();
    return is;
  }
};
