/* What stands around a quote, while its mark is pointed at or has the focus: above or below the sentence. */
const around = document.createElement('div');
around.id = 'around';
around.setAttribute('role', 'tooltip');
around.hidden = true;
document.body.append(around);
const MOST_KEPT = 200, WAIT_MS = 150, LEAVE_MS = 250, APART = 6;
const kept = new Map();
let mark = null, timer = 0;
const fetchAround = async (asked) => {
  if (!kept.has(asked)) {
    const reply = await fetch(`api/around?${asked}`);
    if (!reply.ok) return '';  /* it has changed since: where it was is shown */
    kept.set(asked, await reply.text());
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(asked);
};
/* The lines of the sentence that a mark stands behind, and its own. */
const boxOf = () => {
  const row = mark.closest('tr, li, .code-line');
  let said = mark.parentElement;
  while (!row && said && !said.matches('.statement')) said = said.previousElementSibling;
  const boxes = [row || said || mark, mark].map((one) => one.getBoundingClientRect());
  return { top: Math.min(...boxes.map((box) => box.top)), bottom: Math.max(...boxes.map((box) => box.bottom)) };
};
const put = () => {
  const talk = scroller.getBoundingClientRect(), answer = mark.closest('.statements').getBoundingClientRect();
  const { top, bottom } = boxOf();
  around.style.insetInlineStart = `${answer.left}px`;
  around.style.inlineSize = `${answer.width}px`;
  const above = top - talk.top - 2 * APART, below = talk.bottom - bottom - 2 * APART;
  const isAbove = above >= around.scrollHeight || above > below;
  around.style.maxBlockSize = `${Math.max(isAbove ? above : below, 0)}px`;
  around.style.insetBlockStart = `${isAbove ? top - APART - around.offsetHeight : bottom + APART}px`;
};
const hide = () => {
  clearTimeout(timer);
  around.hidden = true;
  mark = null;
};
const show = async (link) => {
  const said = await fetchAround(link.dataset.around).catch(() => '');
  if (mark !== link || !link.isConnected) return;
  const where = Object.assign(document.createElement('p'), { className: 'where' });
  where.append(...link.nextElementSibling.cloneNode(true).childNodes);
  const lines = document.createElement('template');
  lines.innerHTML = said;  /* our own markup, in which the text is escaped */
  around.replaceChildren(where, lines.content);
  around.hidden = false;
  follow();
};
/* An answer that goes on becoming moves what it is put beside. */
const follow = () => {
  if (!mark || around.hidden) return;
  if (!mark.isConnected) return hide();
  put();
  requestAnimationFrame(follow);
};
const come = (link, wait) => {
  clearTimeout(timer);
  if (link === mark) return;
  hide();
  mark = link;
  timer = setTimeout(show, wait, link);
};
const leave = () => { clearTimeout(timer); timer = setTimeout(hide, LEAVE_MS); };
element.addEventListener('pointerover', (event) => {
  const link = event.target.closest('a.cite');
  if (link && event.pointerType !== 'touch') come(link, WAIT_MS);
});
element.addEventListener('pointerout', (event) => { if (event.target.closest('a.cite')) leave(); });
around.addEventListener('pointerenter', () => clearTimeout(timer));
around.addEventListener('pointerleave', leave);
element.addEventListener('focusin', (event) => {
  if (event.target.matches('a.cite:focus-visible')) come(event.target, 0);
});
element.addEventListener('focusout', (event) => { if (event.target === mark) hide(); });
element.addEventListener('click', hide);
scroller.addEventListener('scroll', () => { if (mark) hide(); });
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || around.hidden) return;
  event.preventDefault();
  hide();
}, true);
