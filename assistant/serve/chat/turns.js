/* The conversation: drawn whole; one turn of it anew, which comes behind the turn `data-after`; or the turns before
   `data-until`, which was the first that is shown. */
const scroller = document.getElementById('conversation');
/* What is put above what is read moves nothing that is read. */
const putAbove = (first, made) => {
  const before = first.getBoundingClientRect().top;
  scroller.style.overflowAnchor = 'none';
  const button = first.parentElement.querySelector('.earlier');
  if (button) button.remove();
  first.before(...made.childNodes);
  scroller.scrollTop += first.getBoundingClientRect().top - before;
  requestAnimationFrame(() => { scroller.style.overflowAnchor = ''; });
};
const drawTurns = () => {
  const given = document.createElement('template');
  given.innerHTML = props.value || '';  /* our own markup, in which the text is escaped */
  const frame = element.querySelector('.said');
  const part = given.content.querySelector('.talk:is([data-after], [data-until])');
  if (!part) return renewInside(frame, given.content);
  const { conversation, after, until, last } = part.dataset;
  const talk = frame.querySelector('.talk');
  const isShown = talk && talk.dataset.conversation === conversation;
  const turnOf = (number) => isShown && talk.querySelector(`:scope > #turn-${number}`);
  if (until) {
    const first = turnOf(until);
    if (first && first === talk.querySelector('.turn')) putAbove(first, part);
    return;
  }
  if (!isShown && after === '0') {
    part.removeAttribute('data-after');
    return renewInside(frame, given.content);
  }
  const turn = part.firstElementChild, before = turnOf(after), own = isShown && talk.querySelector(`:scope > #${turn.id}`);
  if (!own && !before && (!isShown || after !== '0')) return trigger('open', { reference: `open-${conversation}` });
  const old = own || (before ? before.nextElementSibling : talk.querySelector('.turn'));
  if (old) renew(old, turn); else talk.append(turn);
  const now = talk.querySelector(`:scope > #${turn.id}`);
  while (last && now.nextElementSibling) now.nextElementSibling.remove();
};
/* In a table too wide for its place the answer comes into sight. */
const bringAnswer = () => element.querySelectorAll('.turn:last-child .scroll').forEach((table) => {
  const said = table.querySelector('strong');
  if (!said || table.scrollLeft) return;
  const beyond = said.getBoundingClientRect().right - table.getBoundingClientRect().right;
  if (beyond > 0) table.scrollLeft = beyond + 32;
});
watch('value', () => { drawTurns(); bringAnswer(); });
/* Earlier turns come when the reader gets there, without a click. */
scroller.addEventListener('scroll', () => {
  const button = element.querySelector('.earlier button:not([aria-disabled])');
  if (!button || scroller.scrollTop > scroller.clientHeight / 2) return;
  button.setAttribute('aria-disabled', 'true');
  button.click();
});
