/* The conversation: its address in the location bar, the newest question in view. */
let shown = null, count = 0, oldest = '', isFollowing = false, isSaying = '';
const unfolded = new Set();
const foldOf = (details) => `${shown} ${details.closest('.turn').id} ${details.className}`;
element.setAttribute('role', 'region');
element.setAttribute('aria-label', assistantSay('Conversation'));
element.tabIndex = 0;
watch('value', () => {
  const talk = element.querySelector('.talk');
  const id = talk ? talk.dataset.conversation : '';
  const turns = element.querySelectorAll('.turn');
  if (id !== shown) {
    const address = id ? `#${id}` : location.pathname;
    const isPanels = history.state && history.state.panel;
    if (shown === null || isPanels || location.hash.slice(1) === id) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    if (shown !== null || turns.length) scroller.scrollTop = scroller.scrollHeight;
  }
  const first = turns.length ? turns[0].id : '', isEarlier = id === shown && count > 0 && first !== oldest;
  if (turns.length && (id !== shown || (turns.length > count && !isFollowing && !isEarlier)))
    turns[turns.length - 1].scrollIntoView({ block: 'start' });
  shown = id;
  count = turns.length;
  oldest = first;
  const saying = isSaying && element.querySelector(`#${isSaying} .saying`);
  if (saying) saying.scrollIntoView({ block: 'nearest' });
  if (saying) isSaying = '';
  /* An answer that goes on becoming folds nothing that the reader has unfolded. */
  element.querySelectorAll('.turn details').forEach((details) => {
    if (unfolded.has(foldOf(details))) details.open = true;
  });
});
element.addEventListener('click', (event) => {
  const summary = event.target.closest('.turn summary');
  if (!summary || summary.closest('.menu')) return;
  const fold = foldOf(summary.parentElement), top = summary.getBoundingClientRect().top, at = scroller.scrollTop;
  /* What is unfolded comes where the button was; folded again, the button stays where it is. */
  requestAnimationFrame(() => {
    scroller.scrollTop = summary.parentElement.open ? at : scroller.scrollTop + summary.getBoundingClientRect().top - top;
  });
  if (summary.parentElement.open) unfolded.delete(fold); else unfolded.add(fold);
});
element.addEventListener('click', (event) => {
  if (event.target.closest('.down[aria-pressed="false"]')) isSaying = event.target.closest('.turn').id;
});
/* What the same person does on another page is shown here too; asked for rarely while nobody looks. */
const SEEN_MS = 2000, HIDDEN_MS = 10000, FAILED_MS = 30000;
let known = null, waiting = 0;
const look = async () => {
  clearTimeout(waiting);
  let pause = document.hidden ? HIDDEN_MS : SEEN_MS;
  try {
    const reply = await fetch('api/changes');
    if (!reply.ok) throw new Error(reply.statusText);
    const { version } = await reply.json();
    if (known !== null && version !== known) {
      isFollowing = !document.querySelector('#stop.here');  /* what is asked here comes into view */
      trigger('follow', {});
    }
    known = version;
  } catch { pause = FAILED_MS; }
  clearTimeout(waiting);
  waiting = setTimeout(look, pause);
};
['keydown', 'pointerdown'].forEach((kind) => document.addEventListener(kind, () => { isFollowing = false; }, true));
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
look();
element.addEventListener('input', (event) => {
  if (!event.target.matches('.saying textarea')) return;
  const { value, maxLength } = event.target;
  event.target.closest('.saying').querySelector('.facts').textContent =
    assistantSay('{n} of {n_all}', { n: value.length, n_all: maxLength });
});
window.addEventListener('popstate', () => {
  const id = location.hash.slice(1);
  if (id !== shown) trigger(id ? 'open' : 'act', id ? { reference: `open-${id}` } : { act: 'new' });
});
