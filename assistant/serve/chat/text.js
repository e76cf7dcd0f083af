/* The text of a source: more of it where one scrolls to, and words found in all of it. */
const PART = 40000, MOST = 240000, LINE = 2000, MOST_MARKS = 200;
const held = () => element.querySelector('.source-text');
const parts = () => [...element.querySelectorAll('.source-text .part')];
const startOf = (part) => Number(part.dataset.start);
const endOf = (part) => Number(part.dataset.end);
const scroller = document.getElementById('side');
const fetchOf = async (what, query) => {
  const reply = await fetch(`api/${what}?${held().dataset.asked}&${query}`);
  if (!reply.ok) throw new Error((await reply.json()).error.message);
  return reply;
};
/* Of thousands of cited rows an address has no room; a part may begin a line before its start. */
const marksIn = (start, end) => {
  const [strong, others] = held().dataset.marks.split(';');
  const near = others.split(' ').filter((one) => {
    const [from, to] = one.split('-');
    return to > start - LINE && from < end;
  });
  return encodeURIComponent(`${strong};${near.slice(0, MOST_MARKS).join(' ')}`);
};
const fetchPart = async (start, end) => {
  const reply = await fetchOf('text', `start=${start}&end=${end}&marks=${marksIn(start, end)}`);
  const made = document.createElement('template');
  made.innerHTML = await reply.text();  /* our own markup, in which the text is escaped */
  return made.content.firstElementChild;
};
const tellEnds = () => {
  const all = parts();
  const [before, after] = element.querySelectorAll('.source-text > .folded');
  before.hidden = startOf(all[0]) <= 0;
  after.hidden = endOf(all.at(-1)) >= Number(held().dataset.length);
};
/* What stands at `kept` stays where it is on the screen while `change` alters what is above it. */
const keepPlace = (kept, change) => {
  const top = kept.getBoundingClientRect().top;
  change();
  scroller.scrollTop += kept.getBoundingClientRect().top - top;
};
let isLoading = false;
const loadMore = async (side) => {
  const text = held();
  if (isLoading || !text || text.hidden) return;
  isLoading = true;
  try {
    const all = parts();
    const edge = side === 'before' ? all[0] : all.at(-1);
    const [start, end] = side === 'before'
      ? [Math.max(0, startOf(edge) - PART), startOf(edge)] : [endOf(edge), endOf(edge) + PART];
    const part = await fetchPart(start, end);
    if (held() !== text || !edge.isConnected) return;
    keepPlace(edge, () => edge[side](part));
    let now = parts();
    while (now.length > 2 && endOf(now.at(-1)) - startOf(now[0]) > MOST) {
      const far = side === 'before' ? now.at(-1) : now[0];
      keepPlace(edge, () => far.remove());
      now = parts();
    }
    tellEnds();
  } catch { /* the button stays */ } finally { isLoading = false; }
  watchEnds();
};
const ends = new IntersectionObserver((seen) => {
  seen.filter((one) => one.isIntersecting).forEach((one) => loadMore(one.target.dataset.more));
}, { root: scroller, rootMargin: '600px' });
const watchEnds = () => {
  ends.disconnect();
  element.querySelectorAll('button[data-more]').forEach((button) => ends.observe(button));
};
/* Offsets count characters as the server does, of which some are two units here. */
const rangeOf = (part, start, end) => {
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let at = startOf(part), hasStart = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const signs = [...node.data];
    const unit = (offset) => signs.slice(0, offset - at).join('').length;
    if (!hasStart && start < at + signs.length) { range.setStart(node, unit(start)); hasStart = true; }
    if (hasStart && end <= at + signs.length) { range.setEnd(node, unit(end)); return range; }
    at += signs.length;
  }
  if (hasStart) range.setEndAfter(part.lastChild);
  return hasStart ? range : null;
};
let places = [], at = -1, asked = 0;
const goTo = async (number) => {
  if (!places.length) return;
  at = (number + places.length) % places.length;
  const [start, end, page] = places[at];
  tellFound();
  if (held().hidden) return showOnPage(page);
  let part = parts().find((one) => startOf(one) <= start && start < endOf(one));
  if (!part) {
    const text = held(), turn = asked;
    try { part = await fetchPart(Math.max(0, start - PART / 2), start + PART / 2); } catch (error) { tellFailed(error); return; }
    if (held() !== text || turn !== asked) return;
    text.querySelector('.text').replaceChildren(part);
    tellEnds();
    watchEnds();
  }
  const range = rangeOf(part, start, end);
  if (!range) return;
  if (window.CSS && CSS.highlights) CSS.highlights.set('found', new Highlight(range));
  const box = range.getBoundingClientRect(), frame = scroller.getBoundingClientRect();
  scroller.scrollTop += box.top - frame.top - frame.height / 2;
  const table = range.startContainer.parentElement.closest('.scroll');
  if (table) table.scrollLeft += box.left - table.getBoundingClientRect().left - table.clientWidth / 2;
};
const tellFound = (isMore = tellFound.isMore) => {
  tellFound.isMore = isMore;
  const form = element.querySelector('.finding');
  const page = places.length ? places[at][2] : 0;
  const n_all = `${new Intl.NumberFormat(assistantLanguage).format(places.length)}${isMore ? '+' : ''}`;
  const there = page && held().hidden ? ` · ${assistantSay('p. {n}', { n: String(page) })}` : '';
  const told = places.length ? `${assistantSay('{n} of {n_all}', { n: at + 1, n_all })}${there}` : assistantSay('Not found');
  form.querySelector('.found').textContent = form.querySelector('input').value.trim() ? told : '';
  form.querySelector('.found').title = '';
  form.querySelectorAll('button').forEach((button) => { button.hidden = !places.length; });
};
/* That a search failed does not say that the words are not there. */
const tellFailed = (error) => {
  const found = element.querySelector('.finding .found');
  found.textContent = found.title = assistantSay('Not searched: {why}', { why: error.message });
};
const findWords = async (words) => {
  const turn = asked += 1;
  if (window.CSS && CSS.highlights) CSS.highlights.delete('found');
  let told = { places: [], is_more: false }, failed = null;
  if (words.trim()) {
    try {
      told = await (await fetchOf('find', `words=${encodeURIComponent(words)}`)).json();
    } catch (error) { failed = error; }
  }
  if (turn !== asked || !held()) return;
  places = told.places;
  at = 0;
  tellFound(told.is_more);
  if (failed) tellFailed(failed);
  if (places.length) await goTo(0);
};
let typing = 0;
element.addEventListener('input', (event) => {
  if (!event.target.matches('.finding input')) return;
  clearTimeout(typing);
  typing = setTimeout(findWords, 250, event.target.value);
});
element.addEventListener('keydown', (event) => {
  if (!event.target.matches('.finding input')) return;
  if (event.key === 'Enter') { event.preventDefault(); goTo(at + (event.shiftKey ? -1 : 1)); }
  if (event.key === 'Escape' && event.target.value) {
    event.preventDefault();
    event.target.value = '';
    findWords('');
  }
});
element.addEventListener('click', (event) => {
  const stepper = event.target.closest('button[data-find]');
  if (stepper) goTo(at + Number(stepper.dataset.find));
  const more = event.target.closest('button[data-more]');
  if (more) loadMore(more.dataset.more);
});
watch('value', () => {
  places = [];
  at = -1;
  asked += 1;
  if (held()) watchEnds();
});
/* How wide the source is: dragged, by keys, or full; the browser remembers. */
const KEPT = 'assistant-side', WIDEST = 75, NARROWEST = 25;
const recall = () => { try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; } };
const keep = (change) => { try { localStorage.setItem(KEPT, JSON.stringify({ ...recall(), ...change })); } catch { /* private */ } };
const handle = document.createElement('div');
handle.id = 'side-handle';
handle.tabIndex = 0;
Object.entries({ role: 'separator', 'aria-orientation': 'vertical', 'aria-label': assistantSay('Width of the source'),
  'aria-controls': 'side', 'aria-valuemin': NARROWEST, 'aria-valuemax': WIDEST }).forEach(
  ([name, value]) => handle.setAttribute(name, value));
scroller.before(handle);
const widthNow = () => Math.round(100 * scroller.offsetWidth / (scroller.parentElement.offsetWidth || 1));
const setWidth = (percent) => {
  const width = Math.min(WIDEST, Math.max(NARROWEST, Math.round(percent)));
  scroller.style.setProperty('--side', `${width}%`);
  handle.setAttribute('aria-valuenow', width);
  return width;
};
const tellWide = () => {
  const button = element.querySelector('.widen');
  const isWide = Boolean(element.querySelector('.source')) && Boolean(recall().isWide);
  document.body.classList.toggle('side-wide', isWide);
  if (button) button.setAttribute('aria-pressed', String(isWide));
  zoomTo(window.assistantZoom || 1);
};
if (recall().width) setWidth(recall().width); else handle.setAttribute('aria-valuenow', widthNow());
handle.addEventListener('pointerdown', (event) => {
  handle.setPointerCapture(event.pointerId);
  event.preventDefault();
  handle.focus();
});
handle.addEventListener('pointermove', (event) => {
  if (!handle.hasPointerCapture(event.pointerId)) return;
  const desk = scroller.parentElement.getBoundingClientRect();
  keep({ width: setWidth(100 * (desk.right - event.clientX) / desk.width) });
});
handle.addEventListener('keydown', (event) => {
  const now = widthNow();
  const to = { ArrowLeft: now + 4, ArrowRight: now - 4, Home: WIDEST, End: NARROWEST }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  keep({ width: setWidth(to) });
});
handle.addEventListener('dblclick', () => {
  scroller.style.removeProperty('--side');
  keep({ width: 0 });
});
element.addEventListener('click', (event) => {
  if (!event.target.closest('.widen')) return;
  keep({ isWide: !recall().isWide });
  tellWide();
});
watch('value', tellWide);
